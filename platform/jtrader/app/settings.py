"""Settings: environment (`JTRADER_*`), then the desk's TOML file, then what the running stack wrote, then defaults.

Everything that runs keeps its files below `home`. The stack writes the addresses of its services to
`<home>/run/endpoints.json` (mode 600); a service URI set in the environment or the TOML file is used instead, and the
embedded service is then not started.
"""

import json
import os
import tomllib
from collections import Counter
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from jtrader.app.settings_refused import faults, not_json, unknown_variables
from jtrader.domain.errors import BadInput

CHECKOUT = Path(__file__).resolve().parents[3]
"""The repository: platform/jtrader/app/settings.py → three folders up."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Amount = Annotated[Decimal, Field(ge=0)]
PositiveAmount = Annotated[Decimal, Field(gt=0)]


def _web_address(value: str) -> str:
    parts = urlsplit(value)  # an impossible port raises ValueError, too
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("is not an address; write http://host:port")
    return value


WebAddress = Annotated[str, AfterValidator(_web_address)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


MARKETS = (
    "binance_usdm",
    "binance_spot",
    "binance_coinm",
    "bitmex",
    "huobi_spot",
    "huobi_linear",
    "huobi_swap",
    "huobi_future",
)
"""Those that jtrader has adapters of its own for."""


class AccountSettings(Part):
    """One wallet on one market. `broker`: sim (the simulator as exchange), paper (venue in process), live."""

    name: Name
    market: Name
    """One of MARKETS, or of [[ccxt]]."""
    broker: Literal["sim", "paper", "live"]
    key_file: Annotated[Path | None, Field(validate_default=True)] = None
    """JSON {"key", "secret"}, mode 600; relative paths start at `home`. Paper accounts have none."""
    funds: Annotated[dict[str, PositiveAmount], Field(validate_default=True)] = {}
    """What a paper account is opened with, by asset."""

    @field_validator("key_file")
    @classmethod
    def _key_goes_with_broker(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        broker = info.data.get("broker")
        if broker == "paper" and value is not None:
            raise ValueError('an account with broker = "paper" has no keys: take it out')
        if broker in ("sim", "live") and value is None:
            raise ValueError(f'an account with broker = "{broker}" needs one: write where its keys are')
        return value

    @field_validator("funds")
    @classmethod
    def _funds_go_with_broker(cls, value: dict[str, Decimal], info: ValidationInfo) -> dict[str, Decimal]:
        broker = info.data.get("broker")
        if broker == "paper" and not value:
            raise ValueError('an account with broker = "paper" needs some: write funds = {USDT = 100000}')
        if broker in ("sim", "live") and value:
            raise ValueError(f'with broker = "{broker}" the venue says what an account holds: take them out')
        return value


class LimitSettings(Part):
    """An unset limit refuses. Amounts in the instrument's quote currency unless said otherwise."""

    max_order_notional: Amount | None = None
    max_position_notional: Amount | None = None
    max_open_orders: int | None = Field(default=None, ge=0)
    max_orders_per_minute: int | None = Field(default=None, ge=0)
    """Counted in market time."""
    price_collar: Amount | None = None
    """Largest distance of an order's price from the mid, as a fraction (0.01 = 1 %)."""
    max_quote_age_seconds: float | None = Field(default=None, ge=0)
    """In market time."""
    max_order_quantity: dict[str, PositiveAmount] = {}
    """By instrument, in its order units."""
    max_gross_notional: Amount | None = None
    """Over all instruments of one asset; unset = max_position_notional."""
    max_net_notional: Amount | None = None
    """Likewise."""
    max_messages_per_minute: int | None = Field(default=None, ge=0)
    """Orders, amends and cancels; unset = twice max_orders_per_minute."""
    max_cancel_ratio: Amount = Decimal("0.9")
    """Cancels for each order over the last market hour; 1 and above = any."""
    max_repeats: int | None = Field(default=None, ge=1)
    """Orders of one strategy, instrument and side; unset = half of max_orders_per_minute."""
    repeat_window_seconds: float = Field(default=60.0, gt=0, le=3600)
    duplicate_window_seconds: float = Field(default=1.0, ge=0, le=3600)
    max_signal_age_seconds: float = Field(default=120.0, ge=0)
    leverage: PositiveAmount = Decimal(1)
    """By which initial margin is reckoned."""
    max_daily_loss: Amount | None = None
    """Unset = 5 % of max_position_notional."""
    max_drawdown: Amount | None = None
    """Unset = 10 % of max_position_notional."""
    allow: tuple[str, ...] = ()
    """The only instruments that may be entered; empty = all that the account trades."""
    deny: tuple[str, ...] = ()


class ScopeLimitSettings(Part):
    """Of a strategy, or of a market with all its accounts, beside the account's own limits; unset = those alone."""

    max_order_notional: Amount | None = None
    max_position_notional: Amount | None = None
    max_gross_notional: Amount | None = None
    max_net_notional: Amount | None = None
    max_open_orders: int | None = Field(default=None, ge=0)
    max_orders_per_minute: int | None = Field(default=None, ge=0)
    max_messages_per_minute: int | None = Field(default=None, ge=0)


class StrategyLimitSettings(ScopeLimitSettings):
    max_daily_loss: Amount | None = None
    """Unset = 5 % of the strategy's capital."""
    max_drawdown: Amount | None = None
    """Unset = 10 % of the strategy's capital."""


class StrategySettings(Part):
    name: Name
    rule: Name
    """A folder of jtrader/strategy/ (or of a root listed in `strategy_roots`)."""
    account: Name
    instruments: tuple[str, ...]
    accounts: dict[str, Name] = {}
    """By market, for instruments that are not on the market of `account`: {binance_spot = "coins"}."""
    params: dict[str, Any] = {}
    on_stop: Literal["keep", "cancel", "flatten"] = "cancel"
    """When it stops: all stays; its orders that are not reduce-only are cancelled; all is cancelled and closed."""
    capital: PositiveAmount | None = None
    """What it works with, in the asset of its account; with it its losses are limited by themselves."""
    limits: StrategyLimitSettings = StrategyLimitSettings()

    def account_of(self, instrument: str) -> str:
        return self.accounts.get(instrument.partition(":")[0], self.account)

    @property
    def every_account(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.account, *self.accounts.values())))


class CcxtSettings(Part):
    """A market that is reached by ccxt's unified methods, under a name of its own: data and paper accounts at once,
    `live` after `jtrader account probe`."""

    market: Name
    exchange: Name
    """ccxt's id, for example okx."""
    type: Literal["spot", "swap", "future"]
    settle: str = ""
    """Only contracts that settle in it; empty = all."""
    options: dict[str, Any] = {}
    """ccxt's own, beside those that jtrader sets."""
    conditional_id: str = ""
    """The parameter that carries our client id of a conditional order, where ccxt hands on another."""
    became: str = ""
    """The field of a triggered order with the number of the order that it became."""
    plain_ids: bool = False
    """The venue takes letters and digits only in a client id."""


class SimulatorSettings(Part):
    """The market that `jtrader simulate` makes. Times are ISO 8601 UTC."""

    history: Path | None = None
    """A folder or Parquet/CSV file of recorded candles; None = generated from the seed."""
    replay: Path | None = None
    """Recorded L2 books and trades that are the live market; None = generated."""
    seed: int = 7
    days: int = 31
    """How many days of generated history stand before `live_start`."""
    live_start: str | None = "2026-01-15T15:30:00Z"
    """None with recorded history = the minute after its last candle."""
    live_minutes: int = 60
    speed: float = 60.0
    intensity: float = 0.02
    """Live trades as a share of the real market's rate."""
    predictability: float = 0.0
    instruments: tuple[str, ...] = (
        "binance_usdm:BTCUSDT",
        "binance_usdm:ETHUSDT",
        "binance_spot:BTCUSDT",
        "binance_spot:ETHUSDT",
    )
    expiries: dict[str, str] = {}
    """Dated contracts, by instrument, that end earlier than they are listed to."""
    funds: dict[str, Amount] = {"USDT": Decimal(100_000)}
    """What each wallet of each new key holds at the start, where a market trades for USDT."""
    coins: dict[str, Amount] = {"BTC": Decimal(10), "ETH": Decimal(100)}
    """The same on a market that settles in coins: those of them that it settles in."""
    faults: Path | None = None
    """A fault script (TOML, or JSON as .json) that is in force from the start; see docs/faults.md."""


class RecorderSettings(Part):
    """What of the live market is kept."""

    kinds: tuple[Literal["trade", "quote", "depth", "mark", "funding", "open_interest", "trading", "status"], ...] = (
        "trade",
        "quote",
        "depth",
        "mark",
        "funding",
        "open_interest",
        "trading",
        "status",
    )
    spill_gb: float = Field(default=2.0, gt=0)
    """Disk that it may take while MongoDB is away."""


class QualitySettings(Part):
    """When crawled data is doubted."""

    outlier_band: float = Field(default=0.05, gt=0)
    """How far, as a fraction, a close may be away from its neighbours and from other venues."""


class RetentionSettings(Part):
    """Days of market time after which `maintain_market_data` deletes; unset = never. Candles under a snapshot stay;
    funding and open_interest are both what was crawled and what was recorded."""

    candles: int | None = Field(default=None, ge=1)
    trades: int | None = Field(default=None, ge=1)
    funding: int | None = Field(default=None, ge=1)
    open_interest: int | None = Field(default=None, ge=1)
    quotes: int | None = Field(default=None, ge=1)
    books: int | None = Field(default=None, ge=1)
    marks: int | None = Field(default=None, ge=1)
    trading: int | None = Field(default=None, ge=1)
    status: int | None = Field(default=None, ge=1)
    lake: int | None = Field(default=30, ge=1)
    """Feature sets that no registered model names; days of wall time."""


class StackSettings(Part):
    """The embedded services of `make up`."""

    base_port: int = Field(default=17300, ge=0, le=64000)
    """Each service listens on 127.0.0.1 at base_port + its own offset; 0 = free ports, chosen at the first start."""
    mongo_cache_gb: float = Field(default=0.5, ge=0.25)
    airflow_parallelism: int = Field(default=4, ge=1)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="JTRADER_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    home: Path = Path("var")
    config: Path | None = None

    mongo_uri: SecretStr | None = None
    mongo_database: Name = "jtrader"
    postgres_uri: SecretStr | None = None
    """postgresql://user:password@host:port/database; the desk's own database."""
    mlflow_uri: WebAddress | None = None
    airflow_uri: WebAddress | None = None
    hub_uri: WebAddress | None = None
    web_uri: WebAddress | None = None
    metabase_uri: WebAddress | None = None
    """http://host:3000 of a Metabase to keep dashboards in; its key file is `<home>/secrets/metabase.json`."""
    simulator_uri: str | None = None
    """http://127.0.0.1:port; serves every simulated venue by Host header, and /sim/… for itself."""
    market_data_uri: str | None = None
    """tcp://… of the feed's PUB socket."""
    oms_rpc_uri: str | None = None
    oms_events_uri: str | None = None
    strategies_rpc_uri: str | None = None

    models: tuple[Path, ...] = (CHECKOUT / "models",)
    strategy_roots: tuple[Path, ...] = ()
    accounts: tuple[AccountSettings, ...] = ()
    limits: dict[str, LimitSettings] = {}
    """By account name."""
    venue_limits: dict[str, ScopeLimitSettings] = {}
    """By market, over all accounts on it."""
    strategies: tuple[StrategySettings, ...] = ()
    crawl_instruments: tuple[str, ...] = SimulatorSettings().instruments
    crawl_days: int = Field(default=30, ge=1, le=3650)
    ccxt: tuple[CcxtSettings, ...] = ()
    feed_books: bool = False
    """Order books beside trades and best quotes: about ten times the traffic."""
    feed_stale_after_seconds: float = Field(default=120.0, gt=0, le=86_400)
    """Market time after which an instrument that tells nothing is stale; one kind of event alone may stay away at least
    that long."""
    unknown_order_seconds: float = Field(default=60.0, gt=0, le=86_400)
    """After how long an order whose fate is unknown is told to people."""
    champion: Name = "direction"
    """The registered model that model_signal serves."""
    simulator: SimulatorSettings = SimulatorSettings()
    recorder: RecorderSettings = RecorderSettings()
    quality: QualitySettings = QualitySettings()
    keep_days: RetentionSettings = RetentionSettings()
    stack: StackSettings = StackSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        home, config = _files(init_settings())
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls, toml_file=config),
            _EndpointsSource(settings_cls, _endpoints(home)),
        )

    @cached_property
    def root(self) -> Path:
        """`home`, absolute."""
        return self.home.expanduser().absolute()

    def need(self, name: str) -> str:
        """The value of a service address, or a BadInput that says how to get one."""
        value = getattr(self, name)
        if value is None:
            raise BadInput(f"{name} is not set: start the stack with 'make up', or set JTRADER_{name.upper()}")
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)

    def account(self, name: str) -> AccountSettings:
        for account in self.accounts:
            if account.name == name:
                return account
        known = ", ".join(a.name for a in self.accounts) or "none"
        raise BadInput(f"account '{name}' is not in the settings; known: {known}")


class _EndpointsSource(PydanticBaseSettingsSource):
    """What the running stack wrote: a flat JSON object of settings."""

    def __init__(self, settings_cls: type[BaseSettings], file: Path) -> None:
        super().__init__(settings_cls)
        self._file = file

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        try:
            found = json.loads(self._file.read_text())
        except (FileNotFoundError, PermissionError):  # another user's stack tells its addresses by the environment
            return {}
        except ValueError as error:
            raise BadInput(f"{self._file} is not JSON ({error}); {_WRITE_ANEW}") from error
        if not isinstance(found, dict):
            raise BadInput(f"{self._file} holds no JSON object; {_WRITE_ANEW}")
        return found


_WRITE_ANEW = "run 'make down' and 'make up' to write it anew"
_PARTS: dict[str, type[BaseModel]] = {
    "": Settings,
    "accounts": AccountSettings,
    "ccxt": CcxtSettings,
    "limits": LimitSettings,
    "venue_limits": ScopeLimitSettings,
    "strategies": StrategySettings,
    "simulator": SimulatorSettings,
    "recorder": RecorderSettings,
    "quality": QualitySettings,
    "keep_days": RetentionSettings,
    "stack": StackSettings,
}


def load_settings(**overrides: Any) -> Settings:
    """Reads all sources. Raises BadInput with the key, the value, where it stands and what is allowed."""
    try:
        home, config = _files(overrides)
    except OSError as error:
        raise BadInput(
            f"{error.filename} can't be read ({error.strerror}); set JTRADER_HOME to a folder of yours"
        ) from error
    if unknown := unknown_variables(Settings.model_fields):
        raise BadInput("settings refused: " + "; ".join(unknown))
    try:
        settings = Settings(**overrides)
    except SettingsError as error:
        raise BadInput(f"settings refused: {not_json(error)}") from error
    except ValidationError as error:
        known = {part: tuple(model.model_fields) for part, model in _PARTS.items()}
        told = faults(error, known, (config, _endpoints(home)))
        raise BadInput("settings refused: " + "; ".join(told)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{config} is not TOML: {error}") from error
    except OSError as error:
        raise BadInput(f"{error.filename} can't be read ({error.strerror}); mend its owner or mode") from error
    _check_names(settings, config)
    return settings


def _files(given: dict[str, Any]) -> tuple[Path, Path]:
    """The home and the TOML file. Raises BadInput where they are of the wrong kind, or a named file is missing."""
    home = Path(given.get("home") or os.environ.get("JTRADER_HOME") or "var").expanduser()
    if home.exists() and not home.is_dir():
        raise BadInput(f"home = {home}: is not a folder; set JTRADER_HOME to a folder of yours")
    named = given.get("config") or os.environ.get("JTRADER_CONFIG")
    config = Path(named) if named else home / "jtrader.toml"
    if config.exists() and not config.is_file():
        raise BadInput(f"config = {config}: is not a file; write the desk's settings there as TOML")
    if named and not config.exists():
        raise BadInput(f"config = {config}: there is no such file; write it, or unset JTRADER_CONFIG")
    return home, config


def _endpoints(home: Path) -> Path:
    return home / "run" / "endpoints.json"


def _check_names(settings: Settings, config: Path) -> None:
    """Accounts and strategies by their names: each once, and none that is not there."""
    accounts = [account.name for account in settings.accounts]
    for part, names in (("accounts", accounts), ("strategies", [chosen.name for chosen in settings.strategies])):
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            raise BadInput(f"[[{part}]] in {config}: the name {', '.join(twice)} stands there twice; give each its own")
    markets = [*MARKETS, *(chosen.market for chosen in settings.ccxt)]
    if twice := [name for name, count in Counter(markets).items() if count > 1]:
        raise BadInput(f"[[ccxt]] in {config}: the market {', '.join(twice)} is there already; give it another name")
    for account in settings.accounts:
        if account.market not in markets:
            raise BadInput(
                f"account '{account.name}' in {config}: there is no market '{account.market}'; "
                f"known: {', '.join(markets)}"
            )
    users = {f"limits.{name}": name for name in settings.limits}
    users |= {f"the account of strategy '{chosen.name}'": chosen.account for chosen in settings.strategies}
    users |= {
        f"strategy '{chosen.name}' on {market}": account
        for chosen in settings.strategies
        for market, account in chosen.accounts.items()
    }
    for user, name in users.items():
        if name not in accounts:
            known = ", ".join(accounts) or "none"
            raise BadInput(f"{user} in {config}: there is no account '{name}'; known: {known}")
