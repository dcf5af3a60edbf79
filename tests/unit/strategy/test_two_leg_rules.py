"""Carry, pairs and arbitrage, event by event: what they want to hold of both legs."""

from decimal import Decimal
from typing import Any

import pytest

from fixtures.instruments import instrument
from fixtures.trading import START, minutes
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Mark, Quote
from jtrader.domain.times import MINUTE, SECOND
from jtrader.strategy.api import Decision, Setup, Strategy, Target, View
from jtrader.strategy.legs import same_amount
from jtrader.strategy.loader import load_strategy

D = Decimal
PERP = instrument("binance_usdm:BTCUSDT", funding_interval=8, taker_fee="0.0004")
ETH = instrument("binance_usdm:ETHUSDT")
SPOT = instrument("binance_spot:BTCUSDT", taker_fee="0.001")
AWAY = instrument(
    "huobi_linear:BTCUSDT", contract_value="0.001", quantity_step="1", min_quantity="1", taker_fee="0.0004"
)
INVERSE = instrument("bitmex:XBTUSD", product="inverse", base="BTC")


def made(rule: str, first: Instrument, second: Instrument, **params: Any) -> Strategy:
    setup = Setup(strategy=StrategyId("s"), instruments={first.id: first, second.id: second})
    return load_strategy(rule, {"notional": 5000, **params}, setup)


def wants(decision: Decision) -> tuple[str, ...] | None:
    """The quantities of the legs in the order of the decision."""
    if not decision:
        return None
    assert isinstance(decision, list)
    return tuple(format(t.quantity.normalize(), "f") for t in decision if isinstance(t, Target))


def test_carry_enters_where_funding_pays_stays_for_a_while_and_leaves() -> None:
    rule = made("carry", SPOT, PERP, hold=10)
    rates = [(0, 0.0001), (1, 0.0002), (2, 0.0003), (3, 0.00005), (12, 0.0001), (13, -0.001), (14, 0.0001)]
    found = []
    for minute, rate in rates:
        mark = Mark(PERP.id, START + minute * MINUTE, 50_000.0, 50_000.0, rate, 0)
        found.append(wants(rule.on_mark(mark, View(instrument=PERP))))
    assert found == [None, ("0.1", "-0.1"), None, None, None, ("0", "0"), None]
    assert rule.on_mark(Mark(SPOT.id, START, 1.0, 1.0, 0.01, 0), View(instrument=SPOT)) is None


def test_a_refused_leg_is_wanted_anew() -> None:
    rule = made("carry", SPOT, PERP)
    assert rule.on_timer(START) is None
    rule.on_mark(Mark(PERP.id, START, 50_000.0, 50_000.0, 0.001, 0), View(instrument=PERP))
    assert wants(rule.on_timer(START + MINUTE)) == ("0.1", "-0.1")


@pytest.mark.parametrize(
    ("closes", "found"),
    [
        ([100.0, 101.0, 100.0, 101.0, 106.0], [None, None, None, ("0", "0"), ("-47.169", "50")]),
        ([100.0, 101.0, 100.0, 101.0, 95.0], [None, None, None, ("0", "0"), ("52.631", "-50")]),
        (
            [100.0, 101.0, 100.0, 101.0, 106.0, 105.0, 102.0, 103.8],
            [None, None, None, ("0", "0"), *[("-47.169", "50")] * 3, ("0", "0")],
        ),
        ([100.0] * 5, [None] * 5),  # nothing moved: no z
    ],
)
def test_pairs(closes: list[float], found: list[Any]) -> None:
    rule = made("pairs", PERP, ETH, window=4, enter=1.5, exit=0.5, stop=1.9)
    decisions = []
    for first, second in zip(minutes(closes, PERP), minutes([100.0] * len(closes), ETH), strict=True):
        assert rule.on_candle(first, View(instrument=PERP)) is None
        decisions.append(wants(rule.on_candle(second, View(instrument=ETH))))
    assert decisions == found


def test_pairs_stops_and_stays_out_until_the_spread_is_back() -> None:
    rule = made("pairs", PERP, ETH, window=4, enter=1.5, exit=0.9, stop=1.7)
    rule.warm(minutes([100.0], PERP)[0])
    closes = [100.0, 101.0, 100.0, 101.0, 120.0, 110.0, 113.0, 100.0, 101.0]
    outs = []
    for first, second in zip(minutes(closes, PERP), minutes([100.0] * len(closes), ETH), strict=True):
        rule.on_candle(first, View(instrument=PERP))
        rule.on_candle(second, View(instrument=ETH))
        outs.append(rule.save()["out"])
    assert outs == [False] * 4 + [True] + outs[5:]
    assert not outs[-1]


def test_pairs_waits_for_a_whole_window_after_a_missing_minute() -> None:
    rule = made("pairs", PERP, ETH, window=3)
    for minute in (0, 1, 3, 4):
        for of in (PERP, ETH):
            rule.on_candle(minutes([100.0 + minute], of, START + minute * MINUTE)[0], View(instrument=of))
    assert rule.counters == {"abstained_history": 4}


@pytest.mark.parametrize(
    ("first", "second", "books", "found"),
    [
        # (leg, second, bid, ask): enter above the edge after fees, leave where it costs at most `exit`
        (PERP, AWAY, [(0, 0, 50_000, 50_001), (1, 0, 50_100, 50_101)], [None, None]),
        (PERP, AWAY, [(0, 0, 50_000, 50_001), (1, 0, 50_200, 50_201)], [None, ("0.099", "-99")]),
        (PERP, AWAY, [(1, 0, 50_000, 50_001), (0, 0, 50_200, 50_201)], [None, ("99", "-0.099")]),
        (PERP, AWAY, [(0, 0, 50_000, 50_001), (1, 9, 50_200, 50_201)], [None, None]),  # too far apart in time
        (SPOT, PERP, [(0, 0, 50_200, 50_201), (1, 0, 50_000, 50_001)], [None, None]),  # the dear one is spot
        (
            PERP,
            AWAY,
            [(0, 0, 50_000, 50_001), (1, 0, 50_200, 50_201), (0, 1, 50_100, 50_101), (0, 1, 50_195, 50_196)],
            [None, ("0.099", "-99"), None, ("0", "0")],
        ),
    ],
)
def test_arbitrage(
    first: Instrument, second: Instrument, books: list[tuple[int, int, float, float]], found: list[Any]
) -> None:
    rule = made("arbitrage", first, second)
    decisions = []
    for leg, at, bid, ask in books:
        of = (first, second)[leg]
        quote = Quote(of.id, START + at * SECOND, float(bid), 1e6, float(ask), 1e6)
        decisions.append(wants(rule.on_quote(quote, View(instrument=of))))
    assert decisions == found


def test_arbitrage_takes_no_more_than_stands_there() -> None:
    rule = made("arbitrage", PERP, AWAY)
    rule.on_quote(Quote(PERP.id, START, 50_000.0, 1.0, 50_001.0, 0.5), View(instrument=PERP))
    found = rule.on_quote(Quote(AWAY.id, START, 50_200.0, 30.0, 50_201.0, 1.0), View(instrument=AWAY))
    assert wants(found) == ("0.03", "-30")


@pytest.mark.parametrize(
    ("rule", "first", "second", "params", "says"),
    [
        ("carry", SPOT, ETH, {}, "a spot instrument and a perpetual of the same coin"),
        ("carry", SPOT, PERP, {"exit": 0.0002}, "must be below enter"),
        ("carry", SPOT, PERP, {"enter": float("nan")}, "must be below enter|enter"),
        ("carry", SPOT, PERP, {"notional": 0}, "above zero"),
        ("carry", SPOT, INVERSE, {}, "it is inverse"),
        ("pairs", SPOT, PERP, {}, "is spot"),
        ("pairs", PERP, PERP, {}, "trades 1 instruments"),
        ("pairs", PERP, ETH, {"enter": 5}, "must grow"),
        ("pairs", PERP, ETH, {"beta": 0}, "beta"),
        ("pairs", PERP, ETH, {"notional": 0.5}, "write it as a string"),
        ("arbitrage", PERP, ETH, {}, "one coin on two markets"),
        ("arbitrage", PERP, AWAY, {"exit": 0.01}, "earns nothing"),
        ("arbitrage", PERP, AWAY, {"edges": 0.01}, "allowed: notional"),
    ],
)
def test_what_is_refused(rule: str, first: Instrument, second: Instrument, params: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        made(rule, first, second, **params)


@pytest.mark.parametrize(
    ("base", "found"), [("0.1234", ("0.123", "123")), ("0.0009", ("0", "0")), ("1", ("1", "1000"))]
)
def test_the_same_amount_of_both(base: str, found: tuple[str, str]) -> None:
    assert same_amount(PERP, AWAY, D(base)) == (D(found[0]), D(found[1]))
