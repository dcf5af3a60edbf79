"""What a crawl is built from: the places in MongoDB, and the proof of trades by their numbers."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jtrader.app.settings import Settings
from jtrader.app.wiring.recording import is_numbered
from jtrader.crawl.gaps import LOST
from jtrader.crawl.peer_evidence import PeerEvidence, peers_of
from jtrader.crawl.trade_evidence import TradeEvidence
from jtrader.crawl.trades import Prove
from jtrader.crawl.witness import NOBODY, Witness, Witnesses
from jtrader.crawl.work import PastSource, Places
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.domain.market import Funding, OpenInterest, Trade
from jtrader.domain.times import HOUR, MINUTE, Span
from jtrader.ports.market_data import TradeSource
from jtrader.ports.stores import Gap
from jtrader.store.recorder.repair import TradeRepair

if TYPE_CHECKING:
    from jtrader.store.mongo.connection import Mongo


OPEN_INTEREST_STEP: Mapping[str, int] = {
    "binance_usdm": 5 * MINUTE,
    "binance_coinm": 5 * MINUTE,
    "huobi_linear": HOUR,
    "huobi_swap": HOUR,
    "huobi_future": HOUR,
}
"""Of the markets that tell the past of their open interest."""


def open_interest_step(market: Market) -> int:
    return OPEN_INTEREST_STEP.get(market, 0)


def by_market(sources: Mapping[Market, PastSource]) -> Callable[[InstrumentId], PastSource]:
    return lambda instrument: sources[split_instrument_id(instrument)[0]]


@contextmanager
def open_places(settings: Settings) -> Iterator[Places]:
    """Raises Unavailable when MongoDB does not answer."""
    from jtrader.store.mongo.connection import Mongo

    with Mongo(settings.need("mongo_uri"), settings.mongo_database) as mongo:
        mongo.greet()
        yield places_in(mongo)


def places_in(mongo: "Mongo") -> Places:
    from jtrader.store.mongo.candles import MongoCandleStore
    from jtrader.store.mongo.instruments import MongoInstrumentStore
    from jtrader.store.mongo.ledger import MongoLedger
    from jtrader.store.mongo.series import MongoSeries
    from jtrader.store.mongo.snapshots import MongoSnapshots
    from jtrader.store.mongo.ticks import MongoTickStore

    return Places(
        instruments=MongoInstrumentStore(mongo),
        candles=MongoCandleStore(mongo),
        trades=MongoTickStore(mongo),
        trade_ledger=MongoLedger(mongo, Trade, "trade"),
        funding=MongoSeries(mongo, Funding, "settled_funding"),
        funding_ledger=MongoLedger(mongo, Funding, "settled_funding"),
        open_interest=MongoSeries(mongo, OpenInterest, "past_open_interest"),
        open_interest_ledger=MongoLedger(mongo, OpenInterest, "past_open_interest"),
        snapshots=MongoSnapshots(mongo),
    )


def prover(
    places: Places, source_of: Callable[[InstrumentId], TradeSource], tells_absence: bool = True
) -> Callable[[InstrumentId], Prove | None]:
    """`tells_absence`: a number that the source leaves out is none of the venue's."""
    aside: dict[InstrumentId, set[int | str]] = defaultdict(set)

    def put_aside(trade: Trade, reason: str) -> None:
        places.trade_ledger.quarantine(trade, reason)
        aside[trade.instrument].add(trade.trade_id)

    repair = TradeRepair(places.trades, source_of, is_numbered, put_aside, tells_absence)

    def prove(instrument: InstrumentId, span: Span) -> Sequence[Gap]:
        if repair.repair(instrument, span.start, span.end).is_whole:
            return []
        return repair.missing(instrument, span.start, LOST, span.end, aside[instrument])

    return lambda instrument: prove if is_numbered(instrument) else None


def witnesses(
    settings: Settings, places: Places, sources: Mapping[Market, PastSource]
) -> Callable[[InstrumentId], Witness]:
    """Stored trades, and the other venues that are known."""
    known = {one.id: one for one in places.instruments.load()}

    def of(instrument: InstrumentId) -> Witness:
        if instrument not in known:
            return NOBODY
        rules = known[instrument]
        peers = peers_of(rules, list(known.values()))
        return Witnesses(
            TradeEvidence(rules, places.trades, places.trade_ledger, sources.get(rules.market)),
            PeerEvidence(peers, places.candles, sources, settings.quality.outlier_band),
        )

    return of
