"""A strategy that is stopped anywhere and goes on with what it saved decides as one that never stopped."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.instruments import instrument
from fixtures.trading import START
from jtrader.domain.ids import AccountId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle, Mark, Quote
from jtrader.domain.times import MINUTE, SECOND
from jtrader.strategy.api import Setup, Strategy, View
from jtrader.strategy.loader import load_strategy

PERP = instrument("binance_usdm:BTCUSDT", funding_interval=8)
ETH = instrument("binance_usdm:ETHUSDT")
SPOT = instrument("binance_spot:BTCUSDT")
AWAY = instrument("huobi_linear:BTCUSDT")
RULES: dict[str, tuple[tuple[Instrument, ...], dict[str, Any]]] = {
    "ma_cross": ((PERP, ETH), {"fast": 2, "slow": 3}),
    "carry": ((SPOT, PERP), {"hold": 2}),
    "pairs": ((PERP, ETH), {"window": 4, "enter": 1.0, "exit": 0.1, "stop": 1.72}),
    "arbitrage": ((PERP, AWAY), {"edge": 0.0005, "exit": 0.0003}),
    "market_making": ((PERP, SPOT), {"max_notional": 20_000, "window": 3}),
}
prices = st.sampled_from([99.0, 99.9, 100.0, 100.1, 101.0, 103.0])
events = st.lists(st.tuples(prices, prices, st.sampled_from([-0.001, 0.0, 0.0003])), min_size=6, max_size=20)


def built(rule: str) -> Strategy:
    legs, params = RULES[rule]
    setup = Setup(
        strategy=StrategyId("s"),
        instruments={leg.id: leg for leg in legs},
        accounts={leg.id: AccountId("a") for leg in legs},
    )
    return load_strategy(rule, {"notional": 5000, **params}, setup)


def minute(rule: Strategy, legs: Sequence[Instrument], number: int, told: tuple[float, float, float]) -> list[Any]:
    """Everything of one minute: quotes and a mark in it, its closes, then the timer."""
    decided: list[Any] = []
    ts = START + number * MINUTE
    for leg, price in zip(legs, told[:2], strict=True):
        view = View(instrument=leg, position=Decimal(number % 3))
        decided.append(rule.on_quote(Quote(leg.id, ts + SECOND, price - 0.01, 50.0, price + 0.01, 50.0), view))
        decided.append(rule.on_mark(Mark(leg.id, ts + 2 * SECOND, price, price, told[2], 0), view))
    known = rule.setup.instruments
    decided += [rule.on_candle(c, View(instrument=known[c.instrument])) for c in closes(legs, number, told)]
    return [*decided, rule.on_timer(ts + MINUTE)]


def closes(legs: Sequence[Instrument], number: int, told: tuple[float, float, float]) -> list[Candle]:
    ts = START + number * MINUTE
    return [Candle(leg.id, ts, p, p, p, p, 1.0) for leg, p in zip(legs, told[:2], strict=True)]


@pytest.mark.parametrize("rule", sorted(RULES))
@given(told=events, data=st.data())
@settings(max_examples=25, deadline=None)
def test_restored_mid_way_it_decides_the_same(rule: str, told: list[Any], data: st.DataObject) -> None:
    legs, _ = RULES[rule]
    stop = data.draw(st.integers(1, len(told) - 1))
    whole, first, second = built(rule), built(rule), built(rule)
    expected = [minute(whole, legs, n, each) for n, each in enumerate(told)]
    for number, each in enumerate(told[:stop]):
        minute(first, legs, number, each)
    second.restore(msgspec.json.decode(msgspec.json.encode(first.save())))
    past = [closes(legs, n, each) for n, each in enumerate(told[:stop])]
    for of in range(len(legs)):  # one instrument after the other, as the host does
        for candles in past[-max(second.warmup, 1) :]:
            second.warm(candles[of])
    found = [minute(second, legs, n, each) for n, each in enumerate(told) if n >= stop]
    assert found == expected[stop:]


def test_the_stories_make_every_rule_decide() -> None:
    story = [(100.0, 100.0, 0.0), (100.1, 100.0, 0.0), (99.9, 100.0, 0.0003), (103.0, 100.0, 0.0003)] * 3
    for rule, (legs, _) in RULES.items():
        made = built(rule)
        assert any(any(minute(made, legs, n, each)) for n, each in enumerate(story)), rule
