"""Builds what trades from settings: an account's broker by its `broker` setting, a market's feed."""

import json
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jtrader.app.settings import AccountSettings, Settings, StrategySettings
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, InstrumentId, Market, split_instrument_id
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle
from jtrader.exchange.binance.broker import BinanceBroker
from jtrader.exchange.binance.feed import BinanceFeed
from jtrader.exchange.binance.session import Keys
from jtrader.ports.broker import AccessDenied
from jtrader.ports.market_data import CandleSource

if TYPE_CHECKING:
    from jtrader.exchange.binance.rest import BinanceRest
    from jtrader.registry.champion import ChampionWatch


def broker_for(settings: Settings, account: AccountSettings, live: bool = False) -> BinanceBroker:
    """The account's broker; nothing is sent before its first use. Build it inside the event loop that uses it.

    `sim` takes the simulator for the exchange. Raises BadInput for what is not offered yet, and for bad keys.
    """
    if account.broker == "paper":
        raise BadInput(f'account \'{account.name}\' has broker = "paper", which is not built yet; set broker = "sim"')
    if account.broker == "live" and not live:
        raise BadInput(
            f"account '{account.name}' has broker = \"live\": real orders need --live on the command as well; "
            'for the simulator set broker = "sim"'
        )
    simulator = settings.need("simulator_uri") if account.broker == "sim" else None
    return BinanceBroker(
        AccountId(account.name),
        Market(account.market),
        instruments_of(settings, account),
        read_keys(key_path(settings, account)),
        simulator,
    )


def instruments_of(settings: Settings, account: AccountSettings) -> tuple[InstrumentId, ...]:
    """What the account's strategies trade; without any, everything that is crawled of its market."""
    traded = [name for s in settings.strategies if s.account == account.name for name in s.instruments]
    names = traded or [name for name in settings.crawl_instruments if name.startswith(account.market + ":")]
    foreign = [name for name in names if not name.startswith(account.market + ":")]
    if foreign or not names:
        what = f"{', '.join(foreign)} can't be traded" if foreign else "there is no instrument to trade"
        raise BadInput(f"account '{account.name}' is on {account.market}: {what} there; mend [[strategies]]")
    return tuple(dict.fromkeys(InstrumentId(name) for name in names))


def key_path(settings: Settings, account: AccountSettings) -> Path:
    return settings.root / account.key_file.expanduser()


def read_keys(file: Path) -> Keys:
    """`{"key": …, "secret": …}` from a file that nobody else may read. The secret appears in no message."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        text = file.read_text()
    except OSError as error:
        raise BadInput(f"key file {file} can't be read ({error.strerror}); write the account's keys there") from error
    if mode & 0o077:
        raise BadInput(f"key file {file} has mode {mode:o}: others can read it; run 'chmod 600 {file}'")
    try:
        content = json.loads(text)
        return Keys(key=str(content["key"]), secret=str(content["secret"]))
    except (ValueError, TypeError, KeyError):
        raise BadInput(f'key file {file} is not JSON of the form {{"key": "…", "secret": "…"}}') from None


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
    """CandleSource of every market that opens a market's REST at its first use: most runs never need it, and opening
    costs seconds of CPU. Safe to use from threads; `close` it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: dict[Market, BinanceRest] = {}
        self._lock = threading.Lock()

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
        return self._source(split_instrument_id(instrument)[0]).candles(instrument, start, end)

    def market_time_of(self, instrument: InstrumentId) -> int:
        return self._source(split_instrument_id(instrument)[0]).market_time()

    def market_time(self) -> int:
        """The newest of the opened markets."""
        return max((source.market_time() for source in self._opened.values()), default=0)

    def instruments(self, market: Market) -> Sequence[Instrument]:
        return self._source(market).instruments()

    def close(self) -> None:
        for source in self._opened.values():
            source.close()

    def _source(self, market: Market) -> "BinanceRest":
        with self._lock:
            if market not in self._opened:
                from jtrader.exchange.binance.rest import BinanceRest

                self._opened[market] = BinanceRest(market, self._settings.simulator_uri)
            return self._opened[market]


def feeds_for(settings: Settings, candles: CandleSource) -> list[BinanceFeed]:
    """One feed a market, of everything that is crawled or traded. Build them inside the event loop."""
    names = [*settings.crawl_instruments, *(name for s in settings.strategies for name in s.instruments)]
    by_market: dict[Market, list[InstrumentId]] = {}
    for name in dict.fromkeys(names):
        by_market.setdefault(split_instrument_id(name)[0], []).append(InstrumentId(name))
    return [BinanceFeed(market, found, settings.simulator_uri, candles) for market, found in by_market.items()]


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
