"""What a request means: one crawl for each kind of each instrument."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from jtrader.crawl.candles import CandleCrawl
from jtrader.crawl.plan import CrawlRequest, Kind
from jtrader.crawl.result import Progress, Tally
from jtrader.crawl.run import Crawl
from jtrader.crawl.series import SeriesCrawl
from jtrader.crawl.trades import Prove, TradeCrawl
from jtrader.crawl.witness import NOBODY, Witness
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Funding, OpenInterest, Trade
from jtrader.ports.market_data import CandleSource, FundingSource, OpenInterestSource, TradeSource
from jtrader.ports.stores import CandleStore, CrawlLedger, InstrumentStore, SeriesStore, SnapshotStore, TickStore


class PastSource(CandleSource, TradeSource, FundingSource, OpenInterestSource, Protocol):
    """What a venue tells of one market's past."""


class Places(NamedTuple):
    """Where crawled rows go, and what is known of them."""

    instruments: InstrumentStore
    candles: CandleStore
    trades: TickStore
    trade_ledger: CrawlLedger[Trade]
    funding: SeriesStore[Funding]
    funding_ledger: CrawlLedger[Funding]
    open_interest: SeriesStore[OpenInterest]
    open_interest_ledger: CrawlLedger[OpenInterest]
    snapshots: SnapshotStore

    def ledger(self, kind: Kind) -> CrawlLedger[Any]:
        ledgers: dict[Kind, CrawlLedger[Any]] = {
            Kind.CANDLES: self.candles,
            Kind.TRADES: self.trade_ledger,
            Kind.FUNDING: self.funding_ledger,
            Kind.OPEN_INTEREST: self.open_interest_ledger,
        }
        return ledgers[kind]


class Work:
    """Builds crawls. `prove` is None where an instrument's trades carry no numbers; `witness` of an instrument's
    candles; `again` also asks for what was put aside; `open_interest_step`: by which a market tells it, ns, 0 where
    that is not known."""

    def __init__(
        self,
        sources: Mapping[Market, PastSource],
        places: Places,
        prove: Callable[[InstrumentId], Prove | None],
        witness: Callable[[InstrumentId], Witness] = lambda name: NOBODY,  # noqa: ARG005
        progress: Progress = lambda what, done, total: None,  # noqa: ARG005
        again: bool = False,
        open_interest_step: Callable[[Market], int] = lambda market: 0,  # noqa: ARG005
    ) -> None:
        self._open_interest_step = open_interest_step
        self._sources = sources
        self._places = places
        self._prove = prove
        self._witness = witness
        self._progress = progress
        self._again = again
        self._known = {one.id: one for one in places.instruments.load()}

    def of(self, request: CrawlRequest) -> list[Crawl]:
        """Raises BadInput for an instrument on no market that is connected."""
        builders: dict[Kind, Callable[[InstrumentId, CrawlRequest, PastSource, Tally], Crawl]] = {
            Kind.CANDLES: self._candles,
            Kind.TRADES: self._trades,
            Kind.FUNDING: self._funding,
            Kind.OPEN_INTEREST: self._open_interest,
        }
        return [
            builders[kind](name, request, self._source(name), Tally(kind, name, request.span, self._progress))
            for kind in request.kinds
            if kind in builders
            for name in request.instruments
            if self._has(kind, name)
        ]

    def _source(self, instrument: InstrumentId) -> PastSource:
        market, _ = split_instrument_id(instrument)
        try:
            return self._sources[market]
        except KeyError:
            raise BadInput(
                f"{instrument} is on no market that is connected: {', '.join(sorted(self._sources))}"
            ) from None

    def _has(self, kind: Kind, instrument: InstrumentId) -> bool:
        """Spot has neither funding nor open interest, dated contracts have no funding."""
        known: Instrument | None = self._known.get(instrument)
        if known is None or kind in (Kind.CANDLES, Kind.TRADES):
            return True
        return not known.is_spot and (kind is not Kind.FUNDING or known.funding_interval > 0 or known.expiry is None)

    def _candles(self, name: InstrumentId, wanted: CrawlRequest, source: PastSource, tally: Tally) -> Crawl:
        store, witness = self._places.candles, self._witness(name)
        return CandleCrawl(name, wanted.span, source, store, tally, wanted.newest, witness, self._again)

    def _trades(self, name: InstrumentId, wanted: CrawlRequest, source: PastSource, tally: Tally) -> Crawl:
        places = self._places
        store, ledger, prove = places.trades, places.trade_ledger, self._prove(name)
        return TradeCrawl(name, wanted.span, source, store, ledger, tally, prove, again=self._again)

    def _funding(self, name: InstrumentId, wanted: CrawlRequest, source: PastSource, tally: Tally) -> Crawl:
        store, ledger, known = self._places.funding, self._places.funding_ledger, self._known.get(name)
        usual = known.funding_interval if known else 0
        return SeriesCrawl(name, wanted.span, source.funding, store, ledger, tally, wanted.newest, usual)

    def _open_interest(self, name: InstrumentId, wanted: CrawlRequest, source: PastSource, tally: Tally) -> Crawl:
        store, ledger = self._places.open_interest, self._places.open_interest_ledger
        usual = self._open_interest_step(split_instrument_id(name)[0])
        return SeriesCrawl(name, wanted.span, source.open_interest, store, ledger, tally, wanted.newest, usual)
