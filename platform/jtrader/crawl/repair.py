"""What is to be looked at again: stored candles that other witnesses deny, holes that a second look may fill."""

from collections.abc import Iterable, Sequence

from jtrader.crawl.gaps import QUARANTINED, is_settled, merged
from jtrader.crawl.witness import Witness
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, MINUTE, Span
from jtrader.ports.stores import CandleStore, Gap


def open_holes(gaps: Iterable[Gap], instruments: Sequence[InstrumentId]) -> dict[InstrumentId, list[Span]]:
    """The recorded holes of each instrument that are not settled, and what was put aside; neighbours are one."""
    holes: dict[InstrumentId, list[Span]] = {}
    for name in instruments:
        mine = [gap for gap in gaps if gap.instrument == name]
        found = [Span(gap.start, gap.end) for gap in mine if not is_settled(gap.cause) or gap.cause == QUARANTINED]
        if found:
            holes[name] = _joined(found)
    return holes


def recheck(store: CandleStore, instrument: InstrumentId, until: int, witness: Witness) -> int:
    """Takes out of the store what a witness denies by now, puts it aside and records the holes; returns how many."""
    stored = store.times(instrument, 0, until)
    taken: list[int] = []
    for start in range(stored[0], until, DAY) if stored else ():
        for candle, reason in witness.doubts(list(store.read(instrument, start, min(start + DAY, until)))):
            store.quarantine(candle, reason)
            store.remove(instrument, candle.ts, candle.ts + MINUTE)
            taken.append(candle.ts)
    aside = [Gap(instrument=instrument, start=ts, end=ts + MINUTE, cause=QUARANTINED) for ts in taken]
    for gap in merged(aside):
        store.record_gaps(instrument, gap.start, gap.end, [gap])
    return len(taken)


def _joined(spans: Iterable[Span]) -> list[Span]:
    whole: list[Span] = []
    for start, end in sorted(spans):
        if whole and start <= whole[-1].end:
            whole[-1] = Span(whole[-1].start, max(end, whole[-1].end))
        else:
            whole.append(Span(start, end))
    return whole
