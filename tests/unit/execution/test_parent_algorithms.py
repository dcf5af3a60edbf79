"""What `market` and `limit` send for a parent, and when they are over."""

from decimal import Decimal
from typing import Any

import pytest

from fixtures.oms_desk import PERP, Desk, rules_of
from jtrader.domain.order import OrderType, TimeInForce
from jtrader.execution.algorithm import Algorithm, ParentView, Slice
from jtrader.execution.catalogue import ALGORITHMS

D = Decimal
RULES = rules_of(PERP)
MARKET, LIMIT = ALGORITHMS["market"], ALGORITHMS["limit"]


def view(**changes: Any) -> ParentView:
    intent = Desk().intent(quantity="0.5", limit_price=changes.pop("limit_price", None))
    fields = {"now": 1, "intent": intent, "instrument": RULES, "filled": D(0), "working": D(0), "children": 0}
    return ParentView(**{**fields, "quote": None, **changes})


def test_market_sends_everything_at_once() -> None:
    [piece] = MARKET.plan(view())
    assert piece == Slice(quantity=D("0.5"), type=OrderType.MARKET, time_in_force=TimeInForce.IOC)


def test_limit_rests_at_its_price() -> None:
    [piece] = LIMIT.plan(view(limit_price=D(49_000)))
    assert (piece.quantity, piece.price, piece.time_in_force) == (D("0.5"), D(49_000), TimeInForce.GTC)


@pytest.mark.parametrize("algorithm", [MARKET, LIMIT])
@pytest.mark.parametrize(
    ("filled", "working", "children", "over"),
    [
        ("0", "0", 0, False),
        ("0", "0.5", 1, False),
        ("0.2", "0.3", 1, False),
        ("0.2", "0", 1, True),
        ("0", "0", 1, True),
    ],
)
def test_one_child_and_no_second(algorithm: Algorithm, filled: str, working: str, children: int, over: bool) -> None:
    stands = view(filled=D(filled), working=D(working), children=children, limit_price=D(49_000))
    assert algorithm.is_over(stands) is over
    assert bool(algorithm.plan(stands)) is (children == 0)
    assert stands.left == D("0.5") - D(filled) - D(working)


@pytest.mark.parametrize(
    ("algorithm", "price", "fault"),
    [
        (MARKET, None, ""),
        (MARKET, "49000", "takes no limit_price"),
        (LIMIT, "49000.1", ""),
        (LIMIT, None, "needs a limit_price"),
        (LIMIT, "49000.15", "not a multiple of 0.1"),
        (LIMIT, "0", "not a multiple of 0.1"),
    ],
)
def test_intents_it_cannot_execute(algorithm: Algorithm, price: str | None, fault: str) -> None:
    intent = Desk().intent(limit_price=None if price is None else D(price))
    found = algorithm.check(intent, RULES)
    assert (found == "") is (fault == "")
    assert fault in found
