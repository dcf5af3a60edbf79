"""What is old enough to go. Nothing goes that no setting names, nor what a snapshot holds."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from jtrader.crawl.plan import Kind, without
from jtrader.crawl.work import Places
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import (
    Depth,
    FeedStatus,
    Funding,
    Mark,
    MarketEvent,
    OpenInterest,
    Quote,
    Trade,
    TradingStatus,
)
from jtrader.domain.times import DAY, Span
from jtrader.ports.stores import SeriesStore

TICKS: Mapping[str, type[MarketEvent]] = {
    "trades": Trade,
    "quotes": Quote,
    "books": Depth,
    "marks": Mark,
    "funding": Funding,
    "open_interest": OpenInterest,
    "trading": TradingStatus,
    "status": FeedStatus,
}
"""What the recorder keeps, by the setting's name."""


class Removed(NamedTuple):
    """Rows (of ticks: documents) by kind, and the minutes of candles that are as old but under a snapshot."""

    rows: dict[str, int]
    pinned: int


def newest(places: Places, names: list[InstrumentId]) -> int:
    """The market time up to which anything is stored of the instruments, ns; 0 where nothing is."""
    times = [places.candles.newest(name) for name in names]
    ticks = (places.trades.newest(kind, name) for name in names for kind in TICKS.values())
    return max([ts for ts in times if ts is not None] + [tick.ts for tick in ticks if tick is not None], default=0)


def remove_old(places: Places, keep_days: Mapping[str, int | None], until: int) -> Removed:
    """Removes what is older than its days before the newest stored time `until` (ns), by whole days, and what is known
    of it. `keep_days` by kind: those of a crawl, and those of the recorder. Raises Unavailable."""
    gone, pinned = {}, 0
    for kind, days in keep_days.items():
        if days is not None:
            before = (until // DAY - days) * DAY
            gone[kind] = places.trades.forget(TICKS[kind], before) if kind in TICKS else 0
            if kind == Kind.CANDLES:
                gone[kind], pinned = _remove_candles(places, before)
            elif kind in list(Kind):
                gone[kind] += _remove_series(places, Kind(kind), before)
    return Removed(gone, pinned)


def _remove_series(places: Places, kind: Kind, before: int) -> int:
    stores: dict[Kind, SeriesStore[Any]] = {Kind.FUNDING: places.funding, Kind.OPEN_INTEREST: places.open_interest}
    gone = 0
    for name in _names(places):
        gone += stores[kind].remove(name, 0, before) if kind in stores else 0
        places.ledger(kind).forget(name, before)
    return gone


def _remove_candles(places: Places, before: int) -> tuple[int, int]:
    """(candles removed, minutes kept for snapshots)"""
    held: dict[InstrumentId, list[Span]] = {}
    for name, span in places.snapshots.pinned():
        held.setdefault(name, []).append(span)
    gone, pinned = 0, 0
    for name in _names(places):
        free = without([Span(0, before)], held.get(name, ()))
        for span in free:
            gone += places.candles.remove(name, *span)
            places.candles.record_gaps(name, *span, [])
        pinned += sum(span.minutes for span in without([Span(0, before)], free))
    return gone, pinned


def _names(places: Places) -> list[InstrumentId]:
    return [one.id for one in places.instruments.load()]
