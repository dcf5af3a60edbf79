"""Market data: the candle and instrument stores on MongoDB, and each venue's REST as their source."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from jtrader.app.settings import Settings
from jtrader.app.wiring.adapter import PublicRest
from jtrader.app.wiring.keys import shown_key
from jtrader.app.wiring.venues import VENUES, venue_of
from jtrader.domain.ids import Market, split_instrument_id
from jtrader.ports.stores import CandleStore, InstrumentStore

MARKETS: tuple[Market, ...] = tuple(VENUES)
"""All that jtrader speaks."""


class MarketDataStores(NamedTuple):
    candles: CandleStore
    instruments: InstrumentStore


@contextmanager
def open_stores(settings: Settings) -> Iterator[MarketDataStores]:
    """Raises Unavailable when MongoDB does not answer."""
    from jtrader.store.mongo.candles import MongoCandleStore
    from jtrader.store.mongo.connection import Mongo
    from jtrader.store.mongo.instruments import MongoInstrumentStore

    with Mongo(settings.need("mongo_uri"), settings.mongo_database) as mongo:
        mongo.greet()
        yield MarketDataStores(MongoCandleStore(mongo), MongoInstrumentStore(mongo))


@contextmanager
def open_sources(settings: Settings, markets: Iterable[Market]) -> Iterator[Mapping[Market, PublicRest]]:
    """The REST of each market: the simulator's where one is set, else the real venue's."""
    with ExitStack() as opened:
        found: dict[Market, PublicRest] = {}
        for market in dict.fromkeys(markets):
            found[market] = venue_of(market, settings).rest(market, settings, shown_key(settings, market))
            opened.callback(found[market].close)
        yield found


def markets_of(instruments: Iterable[str], settings: Settings | None = None) -> list[Market]:
    """The markets of the instruments, each once. Raises BadInput for one that jtrader does not speak; with `settings`
    it speaks those that they reach by ccxt, too."""
    found = list(dict.fromkeys(split_instrument_id(name)[0] for name in instruments))
    for market in found:
        venue_of(market, settings)
    return found


def markets_in_use(settings: Settings) -> list[Market]:
    """Those of what is crawled or traded."""
    traded = (name for strategy in settings.strategies for name in strategy.instruments)
    accounts = (Market(account.market) for account in settings.accounts)
    return list(dict.fromkeys([*markets_of([*settings.crawl_instruments, *traded], settings), *accounts]))
