"""Settings: environment (`JTRADER_*`), then the desk's TOML file, then what the running stack wrote, then defaults.

Everything that runs keeps its files below `home`. The stack writes the addresses of its services to
`<home>/run/endpoints.json` (mode 600); a service URI set in the environment or the TOML file is used instead, and the
embedded service is then not started.
"""

import json
import os
import tomllib
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from jtrader.domain.errors import BadInput

CHECKOUT = Path(__file__).resolve().parents[3]
"""The repository: platform/jtrader/app/settings.py → three folders up."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AccountSettings(Part):
    """One wallet on one market. `broker`: sim (the simulator as exchange), paper (venue in process), live."""

    name: Name
    market: Literal["binance_usdm", "binance_spot"]
    broker: Literal["sim", "paper", "live"]
    key_file: Path
    """JSON {"key", "secret"}, mode 600; relative paths start at `home`."""


class LimitSettings(Part):
    """An unset limit refuses. Amounts in the instrument's quote currency unless said otherwise."""

    max_order_notional: Decimal | None = None
    max_position_notional: Decimal | None = None
    max_open_orders: int | None = None
    max_orders_per_minute: int | None = None
    """Counted in market time."""
    price_collar: Decimal | None = None
    """Largest distance of an order's price from the mid, as a fraction (0.01 = 1 %)."""
    max_quote_age_seconds: float | None = None
    """In market time."""


class StrategySettings(Part):
    name: Name
    rule: Name
    """A folder of jtrader/strategy/ (or of a root listed in `strategy_roots`)."""
    account: Name
    instruments: tuple[str, ...]
    params: dict[str, Any] = {}


class SimulatorSettings(Part):
    """The market that `jtrader simulate` makes. Times are ISO 8601 UTC."""

    history: Path | None = None
    """A folder or Parquet/CSV file of recorded candles; None = generated from the seed."""
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
    funds: dict[str, Decimal] = {"USDT": Decimal(100_000)}
    """What each wallet of each new key holds at the start."""


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
    mlflow_uri: str | None = None
    airflow_uri: str | None = None
    hub_uri: str | None = None
    web_uri: str | None = None
    metabase_uri: str | None = None
    """http://host:3000 of a Metabase to keep dashboards in; its key file is `<home>/secrets/metabase.json`."""
    simulator_uri: str | None = None
    """http://127.0.0.1:port; serves every simulated venue by Host header, and /sim/… for itself."""
    market_data_uri: str | None = None
    """tcp://… of the feed's PUB socket."""
    oms_rpc_uri: str | None = None
    oms_events_uri: str | None = None

    models: tuple[Path, ...] = (CHECKOUT / "models",)
    strategy_roots: tuple[Path, ...] = ()
    accounts: tuple[AccountSettings, ...] = ()
    limits: dict[str, LimitSettings] = {}
    """By account name."""
    strategies: tuple[StrategySettings, ...] = ()
    crawl_instruments: tuple[str, ...] = SimulatorSettings().instruments
    crawl_days: int = Field(default=30, ge=1, le=3650)
    champion: Name = "direction"
    """The registered model that model_signal serves."""
    simulator: SimulatorSettings = SimulatorSettings()
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
        home = Path(init_settings().get("home") or os.environ.get("JTRADER_HOME") or "var")
        named = init_settings().get("config") or os.environ.get("JTRADER_CONFIG")
        if named and not Path(named).is_file():
            raise BadInput(f"config = {named}: there is no such file")
        config = named or home / "jtrader.toml"
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls, toml_file=Path(config)),
            _EndpointsSource(settings_cls, home / "run" / "endpoints.json"),
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
            return dict(json.loads(self._file.read_text()))
        except (FileNotFoundError, PermissionError):  # another user's stack tells its addresses by the environment
            return {}
        except (json.JSONDecodeError, ValueError) as error:
            raise BadInput(
                f"{self._file} is not JSON ({error}); run 'make down' and 'make up' to write it anew"
            ) from error


def load_settings(**overrides: Any) -> Settings:
    """Reads all sources. Raises BadInput with the key, the value and what is allowed."""
    try:
        return Settings(**overrides)
    except SettingsError as error:
        raise BadInput(f"settings refused: {error}; set its parts one by one, as JTRADER_STACK__BASE_PORT") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"the desk's jtrader.toml is not TOML: {error}") from error
    except ValidationError as error:
        lines = []
        for fault in error.errors():
            key = ".".join(str(part) for part in fault["loc"]) or "settings"
            value = fault.get("input")
            shown = "…" if any(word in key for word in ("uri", "secret", "key")) else repr(value)
            lines.append(f"{key} = {shown}: {fault['msg']}")
        raise BadInput("settings refused: " + "; ".join(lines)) from error
