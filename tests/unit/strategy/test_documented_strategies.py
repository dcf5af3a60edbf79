"""docs/strategies.md: its example runs, and its table names every shipped rule with its parameters."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from fixtures.trading import PERP, minutes
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import StrategyId
from jtrader.domain.market import Candle
from jtrader.strategy.api import Setup, Target, View
from jtrader.strategy.loader import known_rules, load_strategy

TEXT = (Path(__file__).parents[3] / "docs" / "strategies.md").read_text()
SETUP = Setup(strategy=StrategyId("dip_btc"), instruments={PERP.id: PERP})


def test_the_example_trades(tmp_path: Path) -> None:
    [code] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "dip").mkdir()
    (tmp_path / "dip" / "rule.py").write_text(code)
    rule = load_strategy("dip", {"notional": 1000}, SETUP, [tmp_path])
    still = minutes([100.0])[0]
    dip = Candle(PERP.id, still.ts, 100.0, 100.0, 98.0, 98.0, 1.0)
    assert rule.on_candle(still, View(instrument=PERP)) is None
    assert rule.on_candle(dip, View(instrument=PERP)) == Target(quantity=Decimal("10.204"), reason="dip")


def test_every_shipped_rule_stands_in_the_table_with_its_parameters() -> None:
    rows = dict(re.findall(r"^\| \[(\w+)\].*\| ([^|]*) \|$", TEXT, re.MULTILINE))
    assert rows.keys() == known_rules().keys()
    for rule, parameters in rows.items():
        with pytest.raises(BadInput) as refused:
            load_strategy(rule, {"no_such_param": 1}, SETUP)
        allowed = re.findall(r"(\w+) \((?:required|default)", str(refused.value).partition("allowed: ")[2])
        assert re.findall(r"`(\w+)`", parameters) == allowed, rule
