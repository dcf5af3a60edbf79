"""Orders that are changed while they rest: in place, by replacing, half done, refused, lost on the way, restarted."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import ALPHA, LIMITS, Desk, sequenced, venue_order
from jtrader.domain.events import AmendRejected, AmendRequested
from jtrader.domain.ids import ClientOrderId
from jtrader.domain.order import ChildOrder, OrderStatus, ParentState, ParentWish, Side
from jtrader.domain.times import SECOND
from jtrader.engine.commands import AmendOrder, SubmitOrder
from jtrader.engine.inputs import (
    AmendAsked,
    AmendNotOffered,
    AmendRefused,
    AmendUncertain,
    CancelAsked,
    IntentSubmitted,
    OrderReported,
    ParentWished,
    Restarted,
)
from jtrader.engine.intents import ACCEPTED, Answer
from jtrader.engine.parents import state_of
from jtrader.risk.kill import Kill, KillLevel, Latch

S = OrderStatus
D = Decimal
LIFE = 3 * SECOND


@pytest.fixture
def desk() -> Desk:
    return Desk()


def resting(desk: Desk, side: Side = Side.BUY, quantity: str = "0.3", price: int = 49_900, **more: Any) -> ChildOrder:
    child = desk.submit(side, quantity, algorithm="limit", limit_price=D(price), **more)
    desk.report(child, S.NEW)
    return child


def amend(
    desk: Desk, child: ChildOrder, price: str | None = "49950", quantity: str | None = None, **more: Any
) -> Answer:
    given: dict[str, Any] = {"actor": "ann", "reason": "nearer"}
    asked = AmendAsked(
        client_order_id=child.client_order_id,
        price=None if price is None else D(price),
        quantity=None if quantity is None else D(quantity),
        **{**given, **more},
    )
    answer = desk.do(asked).answer
    assert answer is not None
    return answer


def told(desk: Desk, child: ChildOrder, status: OrderStatus = S.NEW, asked: int | None = None, **fields: Any) -> None:
    """The venue tells the order, with fields of its own."""
    report = replace(venue_order(child, status), **fields)
    desk.do(OrderReported(report, asked, LIFE))


def stands(desk: Desk, child: ChildOrder) -> tuple[OrderStatus, Decimal, Decimal | None, Decimal]:
    order = desk.order(child)
    return order.status, order.child.quantity, order.child.price, order.leaves


def rejections(desk: Desk) -> list[str]:
    return [event.code for event in desk.events if isinstance(event, AmendRejected)]


def test_in_place(desk: Desk) -> None:
    child = resting(desk)
    assert amend(desk, child, quantity="0.2") == ACCEPTED
    assert [c for c in desk.sent if isinstance(c, AmendOrder)] == [
        AmendOrder(ALPHA, child.instrument, child.client_order_id, D("0.2"), D(49_950))
    ]
    assert stands(desk, child) == (S.NEW, D("0.3"), D(49_900), D("0.3")), "until the venue has answered"
    told(desk, child, quantity=D("0.2"), price=D(49_950))
    assert stands(desk, child) == (S.NEW, D("0.2"), D(49_950), D("0.2"))
    desk.fill(child, "0.2", price=D(49_950))
    assert desk.status(child) is S.FILLED
    [event] = [event for event in desk.events if isinstance(event, AmendRequested)]
    assert (event.actor, event.reason) == ("ann", "nearer")
    assert len(desk.submitted()) == 1


def test_a_larger_one_counts_at_once_and_a_refused_one_is_as_it_was(desk: Desk) -> None:
    child = desk.submit(Side.BUY, "0.3", algorithm="limit", limit_price=D(49_900))
    desk.report(child, S.NEW)
    assert amend(desk, child, None, "0.2") == ACCEPTED
    told(desk, child, quantity=D("0.2"))
    assert amend(desk, child, None, "0.3") == ACCEPTED
    assert stands(desk, child) == (S.NEW, D("0.2"), D(49_900), D("0.3"))
    desk.do(AmendRefused(child.client_order_id, "-4028", "no"))
    assert stands(desk, child) == (S.NEW, D("0.2"), D(49_900), D("0.2"))
    assert rejections(desk) == ["-4028"]
    assert amend(desk, child, "49920") == ACCEPTED, "and may be amended again"


@pytest.mark.parametrize("with_restart", [False, True])
def test_a_lost_answer_is_looked_up(desk: Desk, with_restart: bool) -> None:
    child = resting(desk)
    amend(desk, child)
    if with_restart:
        desk = desk.restarted()
        desk.do(Restarted())
    else:
        desk.do(AmendUncertain(child.client_order_id))
    desk.sent.clear()
    desk.wait(2)
    assert child.client_order_id in desk.queried()
    told(desk, child, asked=desk.wall)
    assert rejections(desk) == [], "the request may arrive yet"
    assert amend(desk, child, "49960").reason.endswith("wait for the venue's answer")
    desk.wait(3)
    told(desk, child)
    assert rejections(desk) == [], "a report of the stream may be an old one"
    told(desk, child, asked=desk.wall)
    assert rejections(desk) == ["lost"]
    assert stands(desk, child) == (S.NEW, D("0.3"), D(49_900), D("0.3"))


def test_a_lost_answer_of_a_change_that_was_made(desk: Desk) -> None:
    child = resting(desk)
    amend(desk, child)
    desk.do(AmendUncertain(child.client_order_id))
    desk.wait(2)
    told(desk, child, asked=desk.wall, price=D(49_950))
    assert stands(desk, child)[2] == D(49_950)
    assert rejections(desk) == []


def test_what_fills_while_the_change_is_on_its_way(desk: Desk) -> None:
    child = desk.submit(Side.BUY, "0.3", algorithm="limit", limit_price=D(49_900))
    desk.report(child, S.NEW)
    amend(desk, child, None, "0.2")
    told(desk, child, quantity=D("0.2"))
    amend(desk, child, None, "0.3")
    desk.fill(child, "0.2")
    assert stands(desk, child)[0] is S.PARTIALLY_FILLED, "the venue may have made it larger already"
    desk.wait(1)
    assert child.client_order_id in desk.queried()
    told(desk, child, S.FILLED, quantity=D("0.2"), filled=D("0.2"))
    assert stands(desk, child) == (S.FILLED, D("0.2"), D(49_900), 0)
    assert rejections(desk) == ["closed"]


def test_all_of_the_larger_one_fills_before_the_venue_has_answered(desk: Desk) -> None:
    child = resting(desk)
    amend(desk, child, None, "0.2")
    told(desk, child, quantity=D("0.2"))
    amend(desk, child, "49960", "0.3")
    desk.fill(child, "0.3")
    assert stands(desk, child) == (S.FILLED, D("0.3"), D(49_960), 0)
    assert rejections(desk) == []


def test_made_smaller_than_what_has_filled_meanwhile(desk: Desk) -> None:
    child = resting(desk)
    amend(desk, child, None, "0.2")
    desk.fill(child, "0.2")
    assert desk.status(child) is S.PARTIALLY_FILLED
    told(desk, child, S.PARTIALLY_FILLED, quantity=D("0.2"), filled=D("0.2"))
    assert desk.status(child) is S.FILLED


# ---- venues that change nothing in place


def replacing(desk: Desk, price: str = "49950", quantity: str | None = None) -> ChildOrder:
    child = resting(desk)
    amend(desk, child, price, quantity)
    desk.do(AmendNotOffered(child.client_order_id))
    assert desk.cancelled() == [child.client_order_id]
    assert len(desk.submitted()) == 1, "nothing goes out before the old one has ended"
    return child


def newest(desk: Desk) -> ChildOrder:
    return [c.order for c in desk.sent if isinstance(c, SubmitOrder)][-1]


def orders_after(desk: Desk, count: int) -> list[ChildOrder]:
    return [command.order for command in desk.sent if isinstance(command, SubmitOrder)][count:]


def test_cancel_then_wait_then_place(desk: Desk) -> None:
    child = replacing(desk)
    desk.fill(child, "0.1")
    desk.report(child, S.CANCELED, "0.1")
    assert desk.status(child) is S.CANCELED
    other = newest(desk)
    assert (other.client_order_id != child.client_order_id, other.quantity, other.price) == (True, D("0.2"), D(49_950))
    assert len(desk.submitted()) == 2
    desk.report(other, S.NEW)
    desk.fill(other, "0.2")
    assert (desk.status(other), desk.net()) == (S.FILLED, D("0.3"))
    desk.wait(5)
    assert len(desk.submitted()) == 2


def test_the_first_half_fails_and_the_old_one_fills(desk: Desk) -> None:
    child = replacing(desk)
    desk.fill(child, "0.3")
    assert (desk.status(child), rejections(desk)) == (S.FILLED, ["closed"])
    assert len(desk.submitted()) == 1


def test_the_end_waits_for_the_fills_that_the_venue_counts(desk: Desk) -> None:
    child = replacing(desk)
    desk.report(child, S.CANCELED, "0.2")
    assert len(desk.submitted()) == 1
    desk.fill(child, "0.2")
    assert newest(desk).quantity == D("0.1")


def test_the_second_half_fails(desk: Desk) -> None:
    child = replacing(desk)
    desk.engine.latch(Latch((Kill(level=KillLevel.NO_ORDERS, reason="drill", actor="ann"),)))
    desk.report(child, S.CANCELED)
    assert len(desk.submitted()) == 1
    assert desk.tags()[-1] == "child_refused"
    assert [order.leaves for order in desk.engine.state.orders.values()] == [0, 0]


def test_somebody_cancels_it_for_good_meanwhile(desk: Desk) -> None:
    child = replacing(desk)
    desk.do(CancelAsked(client_order_id=child.client_order_id, actor="bob", reason="no more"))
    desk.report(child, S.CANCELED)
    assert len(desk.submitted()) == 1
    assert desk.order(child).amending is None


def test_a_restart_at_any_record_makes_at_most_one_successor(desk: Desk) -> None:
    child = replacing(desk)
    desk.report(child, S.CANCELED)
    assert len(desk.submitted()) == 2
    for index in range(desk.tags().index("child_accepted") + 1, len(desk.events) + 1):
        told_so_far = desk.events[:index]
        again = Desk()
        again.market, again.wall = desk.market, desk.wall + 5 * SECOND
        again.engine = type(again.engine)(again.engine.core.instruments.values(), again.engine.core.accounts.values())
        again.engine.replay(sequenced(told_so_far))
        again.events, again.sent = list(told_so_far), []
        again.quote()
        again.do(Restarted())
        again.wait(1)
        if again.order(child).is_live:
            again.report(child, S.CANCELED)
        again.wait(10)
        made = len(again.engine.state.orders)
        assert made <= 2, index
        assert len(again.submitted()) <= 1, index


@pytest.mark.parametrize("wishes", [(ParentWish.PAUSE,), (ParentWish.PAUSE, ParentWish.RUN), (ParentWish.CANCEL,)])
def test_no_successor_while_its_parent_is_not_at_work(desk: Desk, wishes: tuple[ParentWish, ...]) -> None:
    child = replacing(desk)
    for wish in wishes:
        desk.do(ParentWished(child.parent_id, wish, "ann", "halt"))
    desk.report(child, S.CANCELED)
    assert len(desk.submitted()) == 1
    assert desk.order(child).amending is None
    desk.do(ParentWished(child.parent_id, ParentWish.RUN, "ann", "go on"))
    desk.wait(3)
    resumed = [] if wishes[0] is ParentWish.CANCEL else [(D("0.3"), D(49_900))]
    assert [(order.quantity, order.price) for order in orders_after(desk, 1)] == resumed


@pytest.mark.parametrize("has_ended", [True, False])
def test_no_successor_before_the_venue_has_told_what_happened(desk: Desk, has_ended: bool) -> None:
    child = replacing(desk)
    if has_ended:
        desk.report(child, S.CANCELED)
        cut = desk.tags().index("order_replaced")
        desk.events = desk.events[:cut]
    again = desk.restarted()
    again.quote()
    again.do(Restarted())
    again.report(child, S.CANCELED)
    assert again.submitted() == []
    again.wait(1)
    assert [(order.quantity, order.price) for order in orders_after(again, 0)] == [(D("0.3"), D(49_950))]
    assert state_of(again.engine.core, again.engine.state.parents[child.parent_id]) is ParentState.RUNNING
    assert child.parent_id in again.engine.core.watch.parents, "it can be paused and cancelled"
    again.wait(3)
    assert len(again.submitted()) == 1


@pytest.mark.parametrize(
    ("told_fields", "then"),
    [
        ({"quantity": D("0.25")}, (S.NEW, D("0.25"), D(49_900), D("0.25"))),
        ({"price": D(49_950)}, (S.NEW, D("0.3"), D(49_950), D("0.3"))),
    ],
)
def test_what_the_venue_made_of_it_counts_once_the_request_has_expired(
    desk: Desk, told_fields: dict[str, Any], then: tuple[Any, ...]
) -> None:
    child = resting(desk)
    amend(desk, child, quantity="0.2")
    told(desk, child, asked=desk.wall, **told_fields)
    assert desk.order(child).amending is not None, "the request may arrive yet"
    desk.wait(5)
    told(desk, child, **told_fields)
    assert desk.order(child).amending is not None, "a report of the stream may be an old one"
    told(desk, child, asked=desk.wall, **told_fields)
    assert stands(desk, child) == then
    assert desk.order(child).amending is None
    assert amend(desk, child, "49960") == ACCEPTED


@pytest.mark.parametrize(
    ("changes", "code", "why"),
    [
        ({"price": None}, "not_possible", "has that quantity and price already"),
        ({"price": "-1"}, "not_possible", "-1"),
        ({"price": "NaN"}, "not_possible", "NaN"),
        ({"quantity": "0.1"}, "not_possible", "0.1 of the order has filled"),
        ({"quantity": "0.4"}, "parent_exceeded", "its parent has left"),
        ({"price": "49950.05"}, "off_tick", "not a multiple"),
        ({"quantity": "0.2999"}, "off_lot", "not a multiple"),
        ({"price": "55000"}, "collar", "from the mid"),
        ({"actor": ""}, "not_possible", "who you are"),
    ],
)
def test_what_the_desk_or_its_gate_does_not_want(desk: Desk, changes: dict[str, Any], code: str, why: str) -> None:
    child = resting(desk)
    desk.fill(child, "0.1")
    before = len(desk.events)
    answer = amend(desk, child, **changes)
    assert (answer.accepted, answer.code) == (False, code)
    assert why in answer.reason
    assert len(desk.events) == before
    assert not any(isinstance(command, AmendOrder) for command in desk.sent)


def test_only_a_resting_limit_order_is_amended(desk: Desk) -> None:
    market = desk.submit()
    assert "only a resting order" in amend(desk, market).reason
    desk.report(market, S.NEW)
    assert "only limit orders" in amend(desk, market).reason
    child = resting(desk)
    desk.do(CancelAsked(client_order_id=child.client_order_id, actor="bob", reason="no more"))
    assert "being cancelled" in amend(desk, child).reason
    gone = replace(child, client_order_id=ClientOrderId("jt-none"))
    assert "no order jt-none" in amend(desk, gone).reason


def test_an_amended_order_does_not_count_twice_for_the_limits() -> None:
    desk = Desk(replace(LIMITS, max_position_notional=D(15_500)))
    child = resting(desk)
    assert amend(desk, child) == ACCEPTED
    told(desk, child, price=D(49_950))
    answer = desk.do(IntentSubmitted(desk.intent(Side.BUY, "0.1"))).answer
    assert answer is not None
    assert answer.code == "position_notional"


def test_replay_is_equal(desk: Desk) -> None:
    child = replacing(desk)
    desk.report(child, S.CANCELED)
    other = newest(desk)
    desk.report(other, S.NEW)
    amend(desk, other, "49940")
    again = desk.restarted()
    assert again.engine.state.orders == desk.engine.state.orders
