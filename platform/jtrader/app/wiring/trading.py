"""Builds what trades from settings: an account's broker by its `broker` setting, a market's feed."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jtrader.app.settings import AccountSettings, Settings, StrategySettings
from jtrader.app.wiring.adapter import BrokerSpec, FeedSpec, PublicRest
from jtrader.app.wiring.keys import key_path, read_keys, shown_key
from jtrader.app.wiring.paper import PaperReader
from jtrader.app.wiring.proof import need_proof
from jtrader.app.wiring.venues import venue_of
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, InstrumentId, Market, split_instrument_id
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle, Mark
from jtrader.exchange.common.books import BookSnapshot
from jtrader.exchange.common.feed_core import FeedCore
from jtrader.exchange.common.listing import ListingWatch
from jtrader.ports.broker import AccessDenied, Broker

if TYPE_CHECKING:
    from jtrader.registry.champion import ChampionWatch


def broker_for(settings: Settings, account: AccountSettings, live: bool = False) -> Broker:
    """The account's broker; nothing is sent before its first use. Build it inside the event loop that uses it.

    `sim` takes the simulator for the exchange; `paper` is read as it stands on disk now, the oms alone trades it.
    Raises BadInput for what is not offered, and for bad keys.
    """
    venue = venue_of(account.market, settings)
    if account.broker == "live" and venue.closed:
        raise BadInput(
            f"account '{account.name}' has broker = \"live\" on market {account.market}: {venue.closed}; "
            'set broker = "sim" to trade there with the simulator'
        )
    if account.broker == "paper":
        return PaperReader(settings, account)
    if account.broker == "live" and not live:
        raise BadInput(
            f"account '{account.name}' has broker = \"live\": real orders need --live on the command as well; "
            'for the simulator set broker = "sim", for live prices without orders broker = "paper"'
        )
    if account.broker == "live" and venue.needs_proof:
        need_proof(settings, account)
    simulator = settings.need("simulator_uri") if account.broker == "sim" else None
    keys = read_keys(key_path(settings, account))
    name, market = AccountId(account.name), Market(account.market)
    spec = BrokerSpec(name, market, instruments_of(settings, account), keys, settings, simulator)
    return venue.broker(spec)


def instruments_of(settings: Settings, account: AccountSettings) -> tuple[InstrumentId, ...]:
    """What the account's strategies trade; without any, everything that is crawled of its market."""
    chosen = settings.strategies
    traded = [name for s in chosen for name in s.instruments if s.account_of(name) == account.name]
    names = traded or [name for name in settings.crawl_instruments if name.startswith(account.market + ":")]
    foreign = [name for name in names if not name.startswith(account.market + ":")]
    if foreign or not names:
        what = f"{', '.join(foreign)} can't be traded" if foreign else "there is no instrument to trade"
        raise BadInput(f"account '{account.name}' is on {account.market}: {what} there; mend [[strategies]]")
    return tuple(dict.fromkeys(InstrumentId(name) for name in names))


@contextmanager
def trusted(account: str) -> Iterator[None]:
    """Around the first use of an account's key: the venue's refusal becomes a BadInput that says what to mend."""
    try:
        yield
    except AccessDenied as error:
        raise BadInput(
            f"account '{account}': the venue refuses its key ({error}); mend its key_file, or the key's rights"
        ) from error


class LazyCandles:
    """What a feed or a strategy asks of the REST of its instruments' markets, each opened at its first use: most runs
    never need it, and opening costs seconds of CPU. Safe to use from threads; `close` it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: dict[Market, PublicRest] = {}
        self._lock = threading.Lock()

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
        return self._of(instrument).candles(instrument, start, end)

    def book(self, instrument: InstrumentId) -> BookSnapshot:
        """Where a venue's books begin with a snapshot of REST."""
        source: Any = self._of(instrument)
        whole: BookSnapshot = source.book(instrument)
        return whole

    def mark(self, instrument: InstrumentId) -> Mark | None:
        """Where a venue streams no marks."""
        source: Any = self._of(instrument)
        told: Mark | None = source.mark(instrument)
        return told

    def market_time_of(self, instrument: InstrumentId) -> int:
        return self._of(instrument).market_time()

    def market_time(self) -> int:
        """The newest of the opened markets."""
        return max((source.market_time() for source in self._opened.values()), default=0)

    def instruments(self, market: Market) -> Sequence[Instrument]:
        return self._source(market).instruments()

    def close(self) -> None:
        for source in self._opened.values():
            source.close()

    def _of(self, instrument: InstrumentId) -> PublicRest:
        return self._source(split_instrument_id(instrument)[0])

    def _source(self, market: Market) -> PublicRest:
        with self._lock:
            if market not in self._opened:
                rest = venue_of(market, self._settings).rest
                self._opened[market] = rest(market, self._settings, shown_key(self._settings, market))
            return self._opened[market]


class MarketListing:
    """InstrumentSource of one market."""

    def __init__(self, source: LazyCandles, market: Market) -> None:
        self._source = source
        self._market = market

    def instruments(self) -> Sequence[Instrument]:
        return self._source.instruments(self._market)


def feeds_for(settings: Settings, help_: LazyCandles) -> list[FeedCore]:
    """One feed a market, of everything that is crawled or traded. Build them inside the event loop."""
    names = [*settings.crawl_instruments, *(name for s in settings.strategies for name in s.instruments)]
    by_market: dict[Market, list[InstrumentId]] = {}
    for name in dict.fromkeys(names):
        by_market.setdefault(split_instrument_id(name)[0], []).append(InstrumentId(name))
    return [
        venue_of(market, settings).feed(
            FeedSpec(market, found, settings, help_, ListingWatch(MarketListing(help_, market), found))
        )
        for market, found in by_market.items()
    ]


def strategy_params(settings: Settings, chosen: StrategySettings) -> dict[str, Any]:
    """The strategy's params; model_signal trades at the band its model was judged with unless one is set."""
    params = dict(chosen.params)
    if chosen.rule == "model_signal" and "band" not in params:
        from jtrader.learn.declaration import load_declarations

        declared = load_declarations(settings.models)
        if settings.champion not in declared:
            raise BadInput(f"model '{settings.champion}' is not declared; known: {', '.join(sorted(declared))}")
        params["band"] = declared[settings.champion].serving.band
    return params


def champion_watch(settings: Settings) -> "ChampionWatch | None":
    """None where no strategy asks a model, or no registry is configured. Imports MLflow: seconds of CPU."""
    if settings.mlflow_uri is None or not any(chosen.rule == "model_signal" for chosen in settings.strategies):
        return None
    from jtrader.app.wiring.learning import model_store
    from jtrader.registry.champion import ChampionWatch

    return ChampionWatch(model_store(settings), settings.champion)
