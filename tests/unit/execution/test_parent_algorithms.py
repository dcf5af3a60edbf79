"""What `market` and `limit` send for a parent, and when they are over."""

from decimal import Decimal

import pytest

from fixtures.oms_desk import PERP, Desk, rules_of
from fixtures.parents import child, view
from jtrader.domain.order import Completion, OrderStatus, OrderType, ParentState, TimeInForce
from jtrader.execution.algorithm import Algorithm, Slice
from jtrader.execution.catalogue import ALGORITHMS

D = Decimal
RULES = rules_of(PERP)
MARKET, LIMIT = ALGORITHMS["market"], ALGORITHMS["limit"]


def test_market_sends_everything_at_once() -> None:
    [piece] = MARKET.plan(view()).place
    assert piece == Slice(quantity=D("0.5"), type=OrderType.MARKET, time_in_force=TimeInForce.IOC)


@pytest.mark.parametrize(
    ("params", "rests"),
    [({}, TimeInForce.GTC), ({"post_only": False}, TimeInForce.GTC), ({"post_only": True}, TimeInForce.POST_ONLY)],
)
def test_limit_rests_at_its_price(params: dict[str, bool], rests: TimeInForce) -> None:
    [piece] = LIMIT.plan(view(limit_price=D(49_000), params=params)).place
    assert (piece.quantity, piece.price, piece.time_in_force) == (D("0.5"), D(49_000), rests)


@pytest.mark.parametrize("algorithm", [MARKET, LIMIT])
@pytest.mark.parametrize(
    ("filled", "newest", "state"),
    [
        ("0", None, "running"),
        ("0", child("0.5"), "running"),
        ("0.2", child("0.5", filled="0.2"), "running"),
        ("0.2", child("0.5", OrderStatus.CANCELED, filled="0.2"), "done"),
        ("0", child("0.5", OrderStatus.EXPIRED), "done"),
        ("0", child("0.5", OrderStatus.REFUSED, reason="kill: level 2"), "failed"),
        ("0", child("0.5", OrderStatus.REJECTED, reason="-2019: no margin"), "failed"),
    ],
)
def test_one_child_and_no_second(algorithm: Algorithm, filled: str, newest: object, state: str) -> None:
    children = () if newest is None else (newest,)
    stands = view(filled=D(filled), made=children, limit_price=D(49_000))
    plan = algorithm.plan(stands)
    assert plan.state == state
    assert bool(plan.place) is (newest is None)
    if state == "failed":
        assert plan.reason in ("kill: level 2", "-2019: no margin")


def test_a_paused_limit_is_placed_anew_for_what_is_left() -> None:
    canceled = child("0.5", OrderStatus.CANCELED, filled="0.2")
    stands = view(filled=D("0.2"), made=(canceled,), limit_price=D(49_000), state=ParentState.PAUSED)
    assert [piece.quantity for piece in LIMIT.plan(stands).place] == [D("0.3")]


@pytest.mark.parametrize(
    ("algorithm", "fields", "fault"),
    [
        ("market", {}, ""),
        ("market", {"limit_price": D(49_000)}, "takes no limit_price"),
        ("limit", {"limit_price": D("49000.1")}, ""),
        ("limit", {}, "needs a limit_price"),
        ("limit", {"limit_price": D("49000.15")}, "not a multiple of 0.1"),
        ("limit", {"limit_price": D(0)}, "not a multiple of 0.1"),
        ("market", {"params": {"speed": 3}}, "unknown field `speed`; params are none"),
        ("market", {"ts": 5, "end": 5}, "end 5 is not after start 5"),
        ("market", {"ts": 5, "start": -1}, "before 1970"),
        ("market", {"completion": Completion.MUST_COMPLETE}, "needs an end"),
    ],
)
def test_intents_it_cannot_execute(algorithm: str, fields: dict[str, object], fault: str) -> None:
    found = ALGORITHMS[algorithm].check(Desk().intent(algorithm=algorithm, **fields), RULES)
    assert (found == "") is (fault == "")
    assert fault in found
