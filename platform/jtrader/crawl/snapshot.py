"""Pinning candles: a name for exactly these rows, by which anybody can see later whether they are still the same.

A snapshot's id is sha256 over its range (two int64) and its rows in order of (instrument, ts), each instrument's name
before its rows; a row is 48 bytes (see `CandleStore.packed`). Each instrument's days have digests of their own, so that
a change can be placed.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, Span, iso
from jtrader.ports.stores import CandleStore, PinnedDay, PinnedInstrument, Snapshot

ROW_BYTES = 48


def pin(store: CandleStore, instruments: Sequence[str], span: Span, created: str, commit: str) -> Snapshot:
    """Of what is stored now. Raises BadInput where an instrument has no candle in the span."""
    whole = hashlib.sha256(struct.pack("<2q", *span))
    gaps = store.gaps()
    pinned, days = [], []
    for name in sorted(InstrumentId(name) for name in dict.fromkeys(instruments)):
        whole.update(name.encode())
        mine, first, last = [], None, None
        for day, rows in _days(store, name, span):
            whole.update(rows)
            if rows:
                first = _ts(rows, 0) if first is None else first
                last = _ts(rows, len(rows) - ROW_BYTES)
            mine.append(_pinned(name, day, rows))
        if first is None or last is None:
            raise nothing_stored([name], span)
        days += mine
        holes = tuple(gap for gap in gaps if gap.instrument == name and gap.start < span.end and gap.end > span.start)
        count = sum(one.count for one in mine)
        pinned.append(PinnedInstrument(instrument=name, count=count, first=first, last=last, gaps=holes))
    return Snapshot(
        id=whole.hexdigest(),
        start=span.start,
        end=span.end,
        created=created,
        commit=commit,
        instruments=tuple(pinned),
        days=tuple(days),
    )


def nothing_stored(names: Sequence[str], span: Span) -> BadInput:
    return BadInput(
        f"no candle of {', '.join(names)} is stored from {iso(span.start)} to {iso(span.end)}: run 'jtrader crawl' "
        "first, or give another range"
    )


def changed_days(store: CandleStore, snapshot: Snapshot) -> list[str]:
    """A sentence for each instrument and day whose stored rows are not those that were pinned."""
    pinned = {(one.instrument, one.day): one for one in snapshot.days}
    told = []
    for row in snapshot.instruments:
        for day, rows in _days(store, row.instrument, Span(snapshot.start, snapshot.end)):
            before, now = pinned[row.instrument, day], _pinned(row.instrument, day, rows)
            if before != now:
                told.append(
                    f"{row.instrument} on {day}: {before.count:,} candles were pinned, {now.count:,} are stored"
                    + (", with other values" if before.count == now.count else "")
                )
    return told


def check_unchanged(store: CandleStore, snapshot: Snapshot) -> None:
    """Raises BadInput that names what changed."""
    if told := changed_days(store, snapshot):
        more = f" (and {len(told) - 5:,} days more)" if len(told) > 5 else ""
        raise BadInput(
            f"the data under snapshot {snapshot.id[:12]} changed since it was pinned: {'; '.join(told[:5])}{more}. "
            "Pin what is stored now with 'jtrader crawl snapshot', or crawl the missing days again"
        )


def _days(store: CandleStore, name: InstrumentId, span: Span) -> Iterator[tuple[str, bytes]]:
    at = span.start
    while at < span.end:
        until = min((at // DAY + 1) * DAY, span.end)
        yield iso(at)[:10], store.packed(name, at, until)
        at = until


def _pinned(name: InstrumentId, day: str, rows: bytes) -> PinnedDay:
    return PinnedDay(instrument=name, day=day, count=len(rows) // ROW_BYTES, hash=hashlib.sha256(rows).hexdigest())


def _ts(rows: bytes, at: int) -> int:
    return int.from_bytes(rows[at : at + 8], "little", signed=True)
