"""The demo's desk: its accounts, limits, strategies and market, written as an ordinary jtrader.toml."""

import json
import os
import secrets
from pathlib import Path

import msgspec

from jtrader.app.settings import Settings, SimulatorSettings, load_settings
from jtrader.app.stack.ports import DEMO_BASE_PORT
from jtrader.app.wiring.simulator import market_plan
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import split_instrument_id
from jtrader.exchange.sim.market.calibration import DEMO_PREDICTABILITY as PREDICTABILITY
from jtrader.exchange.sim.market.market import build_market

PERPS = ("binance_usdm:BTCUSDT", "binance_usdm:ETHUSDT")
SPOT = ("binance_spot:BTCUSDT", "binance_spot:ETHUSDT")

ALPHA, TREND = "alpha", "trend"
SPEED = 60.0
INTENSITY = 0.02
"""Live trades as a share of the real market's: the simulator then takes a sixth of a core at this speed."""
LIVE_MINUTES = 60
CRAWL_DAYS = 30


class DemoPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to run: `history` None = the generated market with four instruments; else recorded candles of two perps."""

    home: Path
    history: Path | None = None
    seed: int = 7
    keep: bool = False

    @property
    def market(self) -> str:
        made = f"generated (seed {self.seed}, predictability {PREDICTABILITY}, {INTENSITY:.0%} of the real trade rate)"
        return made if self.history is None else f"recorded ({self.history.name}), then {made}"

    @property
    def instruments(self) -> tuple[str, ...]:
        return PERPS + SPOT if self.history is None else PERPS

    @property
    def trend_instruments(self) -> tuple[str, ...]:
        """The rule-based strategy trades spot where there is any."""
        return SPOT if self.history is None else PERPS


def check_market(plan: DemoPlan) -> None:
    """Before anything is written or started. Raises BadInput for a seed or a recorded history that makes no market."""
    if os.environ.get("JTRADER_CONFIG"):
        raise BadInput("JTRADER_CONFIG names another desk, and the demo brings its own: unset it for the demo")
    market = market_plan(SimulatorSettings(history=plan.history, seed=plan.seed, instruments=plan.instruments))
    if plan.history is not None:
        build_market(market)


def write_desk(plan: DemoPlan) -> Settings:
    """Writes jtrader.toml and the two accounts' key files (mode 600) below the demo's home; returns the settings."""
    try:
        plan.home.mkdir(parents=True, exist_ok=True)
        (plan.home / "jtrader.toml").write_text(_toml(plan))
    except OSError as error:
        raise BadInput(
            f"home {plan.home} can't be written ({error.strerror}); name a folder of yours with --home"
        ) from error
    _write_key(plan.home, ALPHA, "binance_usdm")
    _write_key(plan.home, TREND, split_instrument_id(plan.trend_instruments[0])[0])
    return load_settings(home=plan.home)


def _write_key(home: Path, account: str, market: str) -> None:
    file = home / "secrets" / f"{account}.json"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(
        json.dumps({"key": secrets.token_hex(32), "secret": secrets.token_hex(32), "market": market}, indent=1)
    )


def _toml(plan: DemoPlan) -> str:
    start = '"2026-01-15T15:30:00Z"' if plan.history is None else None
    lines = [
        "# The demo's desk, written by 'jtrader demo' and overwritten by its next run.",
        f"crawl_instruments = {_strings(plan.instruments)}",
        f"crawl_days = {CRAWL_DAYS if plan.history is None else CRAWL_DAYS + 1}",
        "",
        "[stack]",
        f"base_port = {DEMO_BASE_PORT}",
        "",
        "[simulator]",
        *([f"history = {json.dumps(str(plan.history.absolute()))}"] if plan.history else []),
        *([f"live_start = {start}"] if start else []),
        f"seed = {plan.seed}",
        f"speed = {SPEED}",
        f"intensity = {INTENSITY}",
        f"live_minutes = {LIVE_MINUTES}",
        f"predictability = {PREDICTABILITY}",
        f"instruments = {_strings(plan.instruments)}",
        "",
        *_account(ALPHA, "binance_usdm"),
        *_account(TREND, split_instrument_id(plan.trend_instruments[0])[0]),
        *_strategy("model_signal", ALPHA, PERPS, "notional = 5000"),
        *_strategy("ma_cross", TREND, plan.trend_instruments, "notional = 5000\nfast = 2\nslow = 6"),
    ]
    return "\n".join(lines) + "\n"


def _account(name: str, market: str) -> list[str]:
    return [
        "[[accounts]]",
        f'name = "{name}"',
        f'market = "{market}"',
        'broker = "sim"',
        f'key_file = "secrets/{name}.json"',
        "",
        f"[limits.{name}]",
        "max_order_notional = 20000",
        "max_position_notional = 20000",
        "max_open_orders = 20",
        "max_orders_per_minute = 60",
        'price_collar = "0.02"',
        "max_quote_age_seconds = 30.0",
        "max_signal_age_seconds = 120.0",
        "max_daily_loss = 2000",
        "max_drawdown = 4000",
        "",
    ]


def _strategy(rule: str, account: str, instruments: tuple[str, ...], params: str) -> list[str]:
    return [
        "[[strategies]]",
        f'name = "{rule}"',
        f'rule = "{rule}"',
        f'account = "{account}"',
        f"instruments = {_strings(instruments)}",
        "[strategies.params]",
        params,
        "",
    ]


def _strings(values: tuple[str, ...]) -> str:
    return json.dumps(list(values))
