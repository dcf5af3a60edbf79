"""What the recorder is built from: the tick store, the spill, and each market's past trades."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING

from jtrader.app.settings import Settings
from jtrader.app.wiring.adapter import PublicRest
from jtrader.app.wiring.keys import shown_key
from jtrader.app.wiring.venues import venue_of
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.domain.market import Trade
from jtrader.ports.market_data import TradeSource
from jtrader.ports.stores import InstrumentStore
from jtrader.store.recorder.reading import Heard, TradeReader
from jtrader.store.spill.folder import Spill

if TYPE_CHECKING:
    from jtrader.store.mongo.ticks import MongoTickStore

NUMBERED = frozenset({"binance_spot", "binance_usdm", "binance_coinm"})
"""Markets that number an instrument's trades one by one, so that ids prove that none is missing."""
GIGABYTE = 10**9
READ_AWAY_SECONDS, READ_ANSWER_SECONDS = 1.0, 10.0
"""How long who reads what was recorded waits for a store that is away, and for one that says nothing."""

log = logging.getLogger(__name__)


def is_numbered(instrument: InstrumentId) -> bool:
    return split_instrument_id(instrument)[0] in NUMBERED


@contextmanager
def open_ticks(settings: Settings, patience: float, answer: float) -> "Iterator[MongoTickStore]":
    """Each access waits `patience` seconds for a server that is away, and `answer` for one that says nothing, before it
    raises Unavailable."""
    from jtrader.store.mongo.connection import Mongo
    from jtrader.store.mongo.ticks import MongoTickStore

    with Mongo(settings.need("mongo_uri"), settings.mongo_database, patience, answer) as mongo:
        yield MongoTickStore(mongo)


@contextmanager
def open_rules(settings: Settings, patience: float, answer: float) -> "Iterator[Callable[[], InstrumentStore]]":
    """The store of the instruments' rules as of its first use that finds the server there."""
    from jtrader.store.mongo.connection import Mongo
    from jtrader.store.mongo.instruments import MongoInstrumentStore

    with Mongo(settings.need("mongo_uri"), settings.mongo_database, patience, answer) as mongo:
        yield cache(lambda: MongoInstrumentStore(mongo))


def open_spill(settings: Settings) -> Spill:
    return Spill(settings.root / "spill", int(settings.recorder.spill_gb * GIGABYTE))


class LazyReader:
    """The trades that the recorder has, opened at the first question. Safe to use from threads; `close` it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened = ExitStack()
        self._reader: TradeReader | None = None
        self._lock = threading.Lock()

    def since(self, instrument: InstrumentId, heard: Heard, until: Trade | None = None) -> list[Trade]:
        return self._open().since(instrument, heard, until)

    def is_whole(self, instrument: InstrumentId, heard: Heard, until: Trade) -> bool:
        return self._open().is_whole(instrument, heard, until)

    def close(self) -> None:
        self._opened.close()

    def _open(self) -> TradeReader:
        with self._lock:
            if self._reader is None:
                store = self._opened.enter_context(open_ticks(self._settings, READ_AWAY_SECONDS, READ_ANSWER_SECONDS))
                self._reader = TradeReader(store, is_numbered)
            return self._reader


class LazyTrades:
    """TradeSource of an instrument's market, opened at its first use: most runs never lose a trade, and opening costs
    seconds of CPU. Safe to use from threads; `close` it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: dict[Market, PublicRest] = {}
        self._lock = threading.Lock()

    def __call__(self, instrument: InstrumentId) -> TradeSource:
        return self.of(split_instrument_id(instrument)[0])

    def of(self, market: Market) -> PublicRest:
        with self._lock:
            if market not in self._opened:
                rest = venue_of(market, self._settings).rest
                self._opened[market] = rest(market, self._settings, shown_key(self._settings, market))
            return self._opened[market]

    def close(self) -> None:
        for source in self._opened.values():
            source.close()
