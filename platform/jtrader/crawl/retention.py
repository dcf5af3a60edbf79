"""What is old enough to go. Nothing goes that no setting names."""

from collections.abc import Mapping
from typing import Any

from jtrader.crawl.plan import Kind
from jtrader.crawl.work import Places
from jtrader.domain.market import Depth, Mark, MarketEvent, Quote, Trade
from jtrader.domain.times import DAY
from jtrader.ports.stores import SeriesStore

TICKS: Mapping[str, type[MarketEvent]] = {"quotes": Quote, "books": Depth, "marks": Mark}


def remove_old(places: Places, keep_days: Mapping[str, int | None], until: int) -> dict[str, int]:
    """Removes what is older than its days before the newest stored time `until` (ns), by whole days, and what is known
    of it; returns how many rows (of ticks: documents) went. `keep_days` by kind: those of a crawl, and quotes, books,
    marks of the recorder. Raises Unavailable."""
    gone = {}
    for kind, days in keep_days.items():
        if days is not None:
            before = (until // DAY - days) * DAY
            gone[kind] = _remove(places, kind, before)
    return gone


def _remove(places: Places, kind: str, before: int) -> int:
    if kind in TICKS:
        return places.trades.forget(TICKS[kind], before)
    names = [one.id for one in places.instruments.load()]
    stores: dict[Kind, SeriesStore[Any]] = {
        Kind.CANDLES: places.candles,
        Kind.FUNDING: places.funding,
        Kind.OPEN_INTEREST: places.open_interest,
    }
    if kind == Kind.TRADES:
        gone = places.trades.forget(Trade, before)
    else:
        store = stores[Kind(kind)]
        gone = sum(store.remove(name, 0, before) for name in names)
    for name in names:
        places.ledger(Kind(kind)).forget(name, before)
    return gone
