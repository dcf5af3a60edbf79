"""Strategies over several accounts, and what their settings refuse."""

from pathlib import Path
from typing import Any

import pytest

from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.desk import trading_accounts
from jtrader.app.wiring.trading import instruments_of
from jtrader.domain.errors import BadInput

PERP, SPOT = "binance_usdm:BTCUSDT", "binance_spot:BTCUSDT"


def desk(home: Path, **strategy: Any) -> Settings:
    account = {"broker": "sim", "key_file": "none.json"}
    chosen = {"name": "carry", "rule": "ma_cross", "account": "perps", "instruments": (PERP, SPOT)}
    return load_settings(
        home=home,
        accounts=[
            account | {"name": "perps", "market": "binance_usdm"},
            account | {"name": "coins", "market": "binance_spot"},
        ],
        strategies=[chosen | strategy],
    )


def test_each_instrument_goes_to_the_account_of_its_market(tmp_path: Path) -> None:
    settings = desk(tmp_path, accounts={"binance_spot": "coins"}, capital=1000, limits={"max_open_orders": 3})
    assert [settings.strategies[0].account_of(name) for name in (PERP, SPOT)] == ["perps", "coins"]
    assert [instruments_of(settings, account) for account in settings.accounts] == [(PERP,), (SPOT,)]
    limits = {account.id: account.strategies["carry"] for account in trading_accounts(settings)}  # type: ignore[index]
    assert {name: (own.capital, own.max_open_orders) for name, own in limits.items()} == {
        "perps": (1000, 3),
        "coins": (None, 3),
    }


@pytest.mark.parametrize(
    ("strategy", "says"),
    [
        ({}, f"account 'perps' is on binance_usdm: {SPOT} can't be traded there"),
        ({"accounts": {"binance_spot": "nobody"}}, "strategy 'carry' on binance_spot .* no account 'nobody'"),
        ({"on_stop": "burn"}, "on_stop"),
    ],
)
def test_what_is_refused(tmp_path: Path, strategy: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        instruments_of(settings := desk(tmp_path, **strategy), settings.accounts[0])
