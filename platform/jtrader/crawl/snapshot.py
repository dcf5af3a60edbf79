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
from jtrader.ports.stores import CandleStore, Gap, PinnedDay, PinnedInstrument, Snapshot

ROW_BYTES = 48
TRIES = 3
"""How often candles are pinned anew that somebody writes meanwhile."""


def pin(store: CandleStore, instruments: Sequence[str], span: Span, created: str, commit: str) -> Snapshot:
    """Of what is stored at one moment: everything is read a second time, and it is begun anew where that differs.
    Raises BadInput where an instrument has no candle in the span, or the candles don't come to rest."""
    names = sorted(InstrumentId(name) for name in dict.fromkeys(instruments))
    for _ in range(TRIES):
        made = _read_once(store, names, span, created, commit)
        changed = changed_days(store, made)
        if not changed and all(_holes(store, one.instrument, span) == one.gaps for one in made.instruments):
            return made
    raise BadInput(
        f"candles are being written while they are pinned ({changed[0] if changed else 'their gaps change'}): wait for "
        "the crawl to end and pin again"
    )


def _read_once(store: CandleStore, names: Sequence[InstrumentId], span: Span, created: str, commit: str) -> Snapshot:
    whole = hashlib.sha256(struct.pack("<2q", *span))
    pinned, days = [], []
    for name in names:
        whole.update(name.encode())
        holes = _holes(store, name, span)
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


def _holes(store: CandleStore, name: InstrumentId, span: Span) -> tuple[Gap, ...]:
    return tuple(store.gaps(name, *span))


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
