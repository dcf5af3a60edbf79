"""From target to intent, in a table."""

from decimal import Decimal

import msgspec
import pytest

from fixtures.trading import PERP, SPOT, minutes
from jtrader.domain.ids import AccountId, StrategyId
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.order import Intent, Side
from jtrader.strategy.api import Target, View
from jtrader.strategy.targets import intent_for, size, turn

D = Decimal


def wanted(of: Instrument, target: str, position: str = "0", buying: str = "0", selling: str = "0") -> Intent | None:
    view = View(instrument=of, position=D(position), buying=D(buying), selling=D(selling))
    (candle,) = minutes([50_000.0], of)
    target_ = Target(quantity=D(target), reason="because")
    return intent_for(target_, view, candle, StrategyId("s"), AccountId("a"), candle.ts + 60)


@pytest.mark.parametrize(
    ("of", "held", "target", "expected"),
    [
        (PERP, {}, "0.1", (Side.BUY, "0.1", False)),
        (PERP, {}, "-0.1", (Side.SELL, "0.1", False)),
        (PERP, {"position": "0.1"}, "0.1", None),
        (PERP, {"position": "0.1"}, "-0.1", (Side.SELL, "0.2", False)),
        (PERP, {"position": "0.1"}, "0", (Side.SELL, "0.1", True)),
        (PERP, {"position": "-0.1"}, "-0.04", (Side.BUY, "0.06", True)),
        (PERP, {"position": "-0.1"}, "0.1", (Side.BUY, "0.2", False)),
        (PERP, {"position": "0.06", "buying": "0.04"}, "0.1", None),
        (PERP, {"position": "0.1", "selling": "0.1"}, "0", None),
        (PERP, {"buying": "0.1"}, "0", None),  # it may never fill: selling against it would overshoot
        (PERP, {"position": "0.02", "buying": "0.08"}, "0", (Side.SELL, "0.02", True)),
        (PERP, {}, "0.0019", None),  # 0.001 after flooring is below the least notional
        (PERP, {"position": "0.001"}, "0", (Side.SELL, "0.001", True)),  # an exit may be below it
        (PERP, {}, "0.0129", (Side.BUY, "0.012", False)),
        (SPOT, {}, "-0.1", None),
        (SPOT, {"position": "0.09990"}, "-0.1", (Side.SELL, "0.0999", True)),
        (SPOT, {"position": "0.0999000123"}, "0", (Side.SELL, "0.0999", True)),
        (SPOT, {"position": "0.0999", "selling": "0.05"}, "0", (Side.SELL, "0.0499", True)),
        (SPOT, {"position": "0.0000099"}, "0", None),
        (SPOT, {"position": "0.00009"}, "0", None),  # worth 4.50: the venue takes nothing below 5
        (SPOT, {}, "0.1", (Side.BUY, "0.1", False)),
    ],
)
def test_intents(of: Instrument, held: dict[str, str], target: str, expected: tuple[Side, str, bool] | None) -> None:
    intent = wanted(of, target, **held)
    assert (intent and (intent.side, intent.quantity, intent.reduce_only)) == (
        expected and (expected[0], D(expected[1]), expected[2])
    )


def test_the_same_candle_gives_the_same_parent_id_and_the_next_another() -> None:
    first, second = minutes([50_000.0, 50_000.0])
    view = View(instrument=PERP)
    target = Target(quantity=D("0.1"), reason="because")
    ids = [intent_for(target, view, c, StrategyId("s"), AccountId("a"), 0) for c in (first, first, second)]
    names = [intent.parent_id for intent in ids if intent]
    assert names[0] == names[1] != names[2]


@pytest.mark.parametrize(
    ("price", "notional", "expected"),
    [(50_000.0, "5000", "0.1"), (50_000.01, "5000", "0.099"), (49_999.99, "5000", "0.1"), (90_000.0, "50", "0")],
)
def test_size_never_exceeds_the_notional(price: float, notional: str, expected: str) -> None:
    assert size(PERP, D(notional), price) == D(expected)


def test_an_inverse_contract_is_worth_the_same_at_any_price() -> None:
    dollar = msgspec.structs.replace(PERP, product=Product.INVERSE, quantity_step=D(100), min_quantity=D(100))
    assert [size(dollar, D(5050), price) for price in (50_000.0, 90_000.0)] == [D(5000), D(5000)]


@pytest.mark.parametrize(
    ("of", "position", "direction", "expected"),
    [
        (PERP, "0", 1, "0.1"),
        (PERP, "0.07", 1, None),  # heads there already: not resized
        (PERP, "0.07", -1, "-0.1"),
        (PERP, "0.07", 0, "0"),
        (SPOT, "0", -1, None),
        (SPOT, "0.07", -1, "0"),
        (SPOT, "0.000009", 1, "0.1"),  # dust of a fee is no position
    ],
)
def test_turning(of: Instrument, position: str, direction: int, expected: str | None) -> None:
    (candle,) = minutes([50_000.0], of)
    turned = turn(direction, D(5000), candle, View(instrument=of, position=D(position)))
    assert turned == (None if expected is None else D(expected))
