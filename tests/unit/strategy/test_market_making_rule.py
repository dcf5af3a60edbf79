"""Market making: where the quotes stand, when they move, and how they lean."""

from decimal import Decimal
from typing import Any

import pytest

from fixtures.instruments import instrument
from fixtures.trading import START, minutes
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, ClientOrderId, ParentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Quote
from jtrader.domain.order import Intent, Side
from jtrader.domain.times import SECOND
from jtrader.strategy.api import Cancel, Setup, View, Working
from jtrader.strategy.loader import load_strategy
from jtrader.strategy.market_making.rule import Params, Rule, quotes

D = Decimal
PERP = instrument("binance_usdm:BTCUSDT", min_notional="5")
SPOT = instrument("binance_spot:BTCUSDT", min_notional="5")
WAVES = [50_000.0, 50_010.0, 50_000.0, 50_010.0]


def made(of: Instrument = PERP, warm: bool = True, **params: Any) -> Rule:
    setup = Setup(strategy=StrategyId("mm"), instruments={of.id: of}, accounts={of.id: AccountId("a")})
    rule = load_strategy("market_making", {"notional": 500, "max_notional": 5000, "window": 3, **params}, setup)
    assert isinstance(rule, Rule)
    for candle in minutes(WAVES, of) if warm else ():
        rule.warm(candle)
    return rule


def book(at: float = 0, mid: float = 50_000.0, of: Instrument = PERP) -> Quote:
    return Quote(of.id, START + int(at * SECOND), mid - 0.5, 1.0, mid + 0.5, 1.0)


def working(side: Side, price: str) -> Working:
    name = str(side)
    return Working(client_order_id=ClientOrderId(name), parent_id=ParentId(name), side=side, price=D(price), left=D(1))


def did(rule: Rule, quote: Quote, view: View) -> list[str]:
    words = []
    for action in rule.on_quote(quote, view) or []:  # type: ignore[union-attr]
        if isinstance(action, Cancel):
            words.append(f"cancel {action.parent_id}")
        elif isinstance(action, Intent):
            assert (action.algorithm, action.params) == ("limit", {"post_only": True})
            words.append(f"{action.side} {action.quantity.normalize():f} at {action.limit_price}")
    return words


def test_the_formula() -> None:
    """gamma 50, variance 4e-8, horizon 30: risk 6e-5; ln(1.01)/50 = 1.990066e-4."""
    params = Params(notional=D(1), max_notional=D(1))
    assert quotes(1.0, 0.0, 4e-8, params) == pytest.approx((1 - 2.290066e-4, 1 + 2.290066e-4), abs=1e-9)
    assert quotes(1.0, 1.0, 4e-8, params) == pytest.approx((1 - 2.890066e-4, 1 + 1.690066e-4), abs=1e-9)
    assert quotes(1.0, -0.5, 4e-8, params) == pytest.approx((1 - 1.990066e-4, 1 + 2.590066e-4), abs=1e-9)


@pytest.mark.parametrize(
    ("of", "position", "found"),
    [
        (PERP, "0", ["buy 0.01 at 49988.5", "sell 0.01 at 50011.5"]),
        (PERP, "0.09", ["buy 0.01 at 49985.8", "sell 0.01 at 50008.8"]),  # leans down while long
        (PERP, "-0.099", ["buy 0.01 at 49991.5", "sell 0.001 at 50014.5"]),
        (PERP, "0.1", ["sell 0.01 at 50008.5"]),  # no more than max_notional
        (SPOT, "0", ["buy 0.01 at 49988.54"]),  # nothing to sell
        (SPOT, "0.004", ["buy 0.01 at 49988.42", "sell 0.004 at 50011.34"]),
    ],
)
def test_where_the_quotes_stand(of: Instrument, position: str, found: list[str]) -> None:
    told = did(made(of), book(of=of), View(instrument=of, position=D(position)))
    assert told == found


def test_it_leans_against_its_inventory() -> None:
    def prices(position: str) -> list[Decimal]:
        view = View(instrument=PERP, position=D(position))
        return [D(word.split(" at ")[1]) for word in did(made(), book(), view)]

    flat, long, short = prices("0"), prices("0.05"), prices("-0.05")
    assert flat[0] < 50_000 < flat[1]
    assert long[0] < flat[0] < short[0]
    assert long[1] < flat[1] < short[1]
    assert all(PERP.price_on_grid(price) for price in flat + long + short)


def test_a_quote_never_takes_what_stands_there() -> None:
    bid, ask = (D(word.split(" at ")[1]) for word in did(made(kappa=1e9, gamma=1e-6), book(), View(instrument=PERP)))
    assert bid < D("50000.5")
    assert ask > D("49999.5")


def test_quotes_that_are_off_are_cancelled_then_placed_anew_and_not_too_often() -> None:
    rule = made(rest=2)
    assert len(did(rule, book(0), View(instrument=PERP))) == 2
    bid, ask = working(Side.BUY, "49988.5"), working(Side.SELL, "50050")
    both = View(instrument=PERP, orders=(bid, ask), buying=D(1), selling=D(1))
    assert did(rule, book(1), both) == []  # rests
    assert did(rule, book(2), both) == ["cancel sell"]
    left = View(instrument=PERP, orders=(bid,), buying=D(1))
    assert [word.split()[0] for word in did(rule, book(4), left)] == ["sell"]


def test_without_a_whole_window_it_abstains() -> None:
    rule = made(warm=False)
    for candle in minutes(WAVES[:3]):
        rule.warm(candle)
    assert did(rule, book(), View(instrument=PERP)) == []
    rule.change(Params(notional=D(500), max_notional=D(5000), window=3))
    rule.warm(minutes(WAVES)[3])
    assert len(did(rule, book(), View(instrument=PERP))) == 2


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"notional": 6000}, "at most max_notional"),
        ({"gamma": 0}, "gamma"),
        ({"gamma": float("nan")}, "gamma"),
        ({"gamma": "nan"}, "gamma"),
        ({"rest": 0.0}, "rest"),
        ({"windows": 3}, "allowed: notional"),
    ],
)
def test_what_is_refused(params: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        made(**params)
