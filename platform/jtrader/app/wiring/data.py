"""Market data: the candle and instrument stores on MongoDB, and each venue's REST as their source."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from jtrader.app.settings import Settings
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import Market, split_instrument_id
from jtrader.ports.stores import CandleStore, InstrumentStore

if TYPE_CHECKING:
    from jtrader.exchange.binance.rest import BinanceRest

MARKETS: tuple[Market, ...] = (Market("binance_usdm"), Market("binance_spot"))


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
def open_sources(settings: Settings, markets: Iterable[Market]) -> Iterator[Mapping[Market, "BinanceRest"]]:
    """The REST of each market: the simulator's where one is set, else the real venue's."""
    from jtrader.exchange.binance.rest import BinanceRest

    with ExitStack() as opened:
        yield {m: opened.enter_context(BinanceRest(m, settings.simulator_uri)) for m in dict.fromkeys(markets)}


def markets_of(instruments: Iterable[str]) -> list[Market]:
    """The markets of the instruments, each once. Raises BadInput for one that jtrader does not speak."""
    found = list(dict.fromkeys(split_instrument_id(name)[0] for name in instruments))
    for market in found:
        if market not in MARKETS:
            raise BadInput(f"market '{market}' is not known; known: {', '.join(MARKETS)}")
    return found
