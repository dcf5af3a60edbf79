"""Strategies by name from the platform and from a desk; bad params are refused with what is allowed."""

from pathlib import Path
from typing import Any

import pytest

from fixtures.trading import PERP
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import StrategyId
from jtrader.strategy.api import Setup
from jtrader.strategy.loader import known_rules, load_strategy

SETUP = Setup(strategy=StrategyId("s"), instruments={PERP.id: PERP})
OWN = """
import msgspec
from jtrader.strategy.api import Strategy

class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    patience: int = 3

class Rule(Strategy):
    @property
    def warmup(self):
        return self.params.patience
"""


def desk(root: Path, name: str, text: str = OWN) -> Path:
    (root / name).mkdir(parents=True)
    (root / name / "rule.py").write_text(text)
    return root


def test_the_shipped_strategies_are_known() -> None:
    assert {"model_signal", "ma_cross"} <= set(known_rules())


@pytest.mark.parametrize(
    ("rule", "params", "says"),
    [
        ("ma_crosss", {}, "known: arbitrage, carry, ma_cross, market_making, model_signal, pairs"),
        ("ma_cross", {}, r"notional.*allowed: notional \(required\), fast \(default 10\), slow \(default 40\)"),
        ("ma_cross", {"notional": 5000, "fastt": 3}, "fastt"),
        ("ma_cross", {"notional": 5000, "fast": "three"}, "fast"),
        ("ma_cross", {"notional": 5000, "fast": 8, "slow": 3}, "below slow"),
        ("ma_cross", {"notional": -1}, "above zero"),
        ("ma_cross", {"notional": 5000.5}, "write it as a string"),
        ("model_signal", {"notional": 5000, "band": 0.7}, "band"),
    ],
)
def test_what_is_refused(rule: str, params: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        load_strategy(rule, params, SETUP)


def test_money_may_be_a_whole_number_or_a_string() -> None:
    for notional in (5000, "5000.50"):
        assert load_strategy("ma_cross", {"notional": notional, "fast": 3, "slow": 8}, SETUP).warmup == 8


def test_a_desks_own_strategy(tmp_path: Path) -> None:
    root = desk(tmp_path, "patient")
    assert load_strategy("patient", {"patience": 7}, SETUP, [root]).warmup == 7
    with pytest.raises(BadInput, match=r"allowed: patience \(default 3\)"):
        load_strategy("patient", {"haste": 1}, SETUP, [root])


def test_a_name_in_two_places_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="ma_cross"):
        known_rules([desk(tmp_path, "ma_cross")])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import nowhere_to_be_found", "nowhere"),
        ("x = 1", "has no Rule"),
        ("class Params: ...\nclass Rule: ...", "is no jtrader.strategy.api.Strategy"),
    ],
)
def test_a_broken_file_says_so(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        load_strategy("broken", {}, SETUP, [desk(tmp_path, "broken", text)])
