"""Stops that the venue keeps are orders like others: in doubt, restarted, triggered; and they never lock the exit."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import ALPHA, PERP, Desk, venue_order
from jtrader.domain.events import OrderFilled
from jtrader.domain.ids import VenueOrderId
from jtrader.domain.market import Trade
from jtrader.domain.order import ChildOrder, OrderStatus, OrderType, Side, TriggerBy, VenueOrder
from jtrader.domain.times import SECOND
from jtrader.engine.inputs import (
    CancelAsked,
    IntentSubmitted,
    OpenOrdersListed,
    OrderAbsent,
    OrderReported,
    Restarted,
    SubmitUncertain,
    Ticked,
)

S = OrderStatus
D = Decimal
STOP = {"trigger": "49000", "native": True, "source": "mark"}


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    entry = made.submit(Side.BUY, "0.2")
    made.fill(entry, "0.2")
    return made


def stop(desk: Desk, **more: Any) -> ChildOrder:
    return desk.submit(Side.SELL, "0.2", algorithm="stop", params=STOP, reduce_only=True, **more)


def told(child: ChildOrder, status: OrderStatus = S.NEW, **fields: Any) -> VenueOrder:
    return replace(venue_order(child, status), trigger_price=child.trigger_price, reduce_only=True, **fields)


def absent(desk: Desk, child: ChildOrder) -> None:
    desk.do(OrderAbsent(child.client_order_id, desk.wall, True, 3 * SECOND))


def test_the_venue_gets_the_trigger(desk: Desk) -> None:
    child = stop(desk)
    assert (child.type, child.trigger_price, child.trigger_by) == (OrderType.STOP, D(49_000), TriggerBy.MARK)
    assert (child.quantity, child.reduce_only) == (D("0.2"), True)


def test_a_stop_that_waits_does_not_lock_the_exit(desk: Desk) -> None:
    child = stop(desk)
    desk.do(OrderReported(told(child)))
    out = desk.submit(Side.SELL, "0.2", reduce_only=True)
    assert out.quantity == D("0.2")
    desk.fill(out, "0.2")
    desk.do(OrderReported(told(child, S.EXPIRED, reason="reduce_only")))
    assert (desk.net(), desk.status(child)) == (0, S.EXPIRED)


def test_an_exit_that_rests_does_not_keep_the_stop_out(desk: Desk) -> None:
    profit = desk.submit(Side.SELL, "0.2", reduce_only=True, algorithm="limit", limit_price=D(50_500))
    desk.report(profit, S.NEW)
    assert stop(desk).quantity == D("0.2")


def test_a_stop_that_is_watched_here_goes_before_an_exit_that_rests(desk: Desk) -> None:
    profit = desk.submit(Side.SELL, "0.2", reduce_only=True, algorithm="limit", limit_price=D(50_500))
    desk.report(profit, S.NEW)
    watched = desk.intent(Side.SELL, "0.2", reduce_only=True, algorithm="stop", params={"trigger": "49000"})
    answer = desk.do(IntentSubmitted(watched)).answer
    assert answer is not None
    assert answer.accepted
    desk.wait(3)
    assert len(desk.submitted()) == 2, "it waits"
    desk.engine.see(Trade(PERP, desk.market, 1, 48_990.0, 1.0, -1), desk.wall)
    desk.quote(48_990.0, 48_990.1)
    desk.do(Ticked())
    out = desk.engine.state.orders[desk.submitted()[-1]].child
    assert (len(desk.submitted()), out.quantity, out.takes) == (3, D("0.2"), True)


def test_an_exit_that_takes_goes_before_one_that_rests_but_not_before_its_like(desk: Desk) -> None:
    profit = desk.submit(Side.SELL, "0.2", reduce_only=True, algorithm="limit", limit_price=D(50_500))
    desk.report(profit, S.NEW)
    assert desk.submit(Side.SELL, "0.2", reduce_only=True).quantity == D("0.2")
    for more in ({}, {"algorithm": "limit", "limit_price": D(50_400)}):
        answer = desk.do(IntentSubmitted(desk.intent(Side.SELL, "0.1", reduce_only=True, **more))).answer
        assert answer is not None
        assert answer.code == "dust"


def test_a_lost_answer_is_looked_up_and_adopted(desk: Desk) -> None:
    child = stop(desk)
    desk.do(SubmitUncertain(child.client_order_id, "no answer in 10 s"))
    desk.wait(2)
    assert child.client_order_id in desk.queried()
    desk.do(OrderReported(told(child)))
    assert desk.status(child) is S.NEW
    assert len(desk.submitted()) == 2


def test_a_stop_that_never_arrived_is_watched_here_once_that_is_proven(desk: Desk) -> None:
    child = stop(desk)
    desk.do(SubmitUncertain(child.client_order_id, "no answer in 10 s"))
    for _ in range(2):
        desk.wait(15)
        absent(desk, child)
    assert desk.status(child) is S.REJECTED
    desk.wait(2)
    assert len(desk.submitted()) == 2, "watched here, not placed again"


def test_a_stop_that_vanishes_is_looked_up_and_stays_unknown(desk: Desk) -> None:
    child = stop(desk)
    desk.do(OrderReported(told(child)))
    desk.do(OpenOrdersListed(ALPHA, (), desk.wall))
    desk.wait(2)
    assert child.client_order_id in desk.queried()
    for _ in range(3):
        absent(desk, child)
        desk.wait(15)
    assert desk.status(child) is S.UNKNOWN


def test_a_restart_asks_for_it_and_goes_on(desk: Desk) -> None:
    child = stop(desk)
    again = desk.restarted()
    again.do(Restarted())
    assert again.status(child) is S.UNKNOWN
    again.wait(1)
    assert again.queried() == [child.client_order_id]
    again.do(OrderReported(told(child)))
    again.wait(5)
    assert (again.status(child), again.submitted()) == (S.NEW, [])


def test_it_is_cancelled_like_any_other(desk: Desk) -> None:
    child = stop(desk)
    desk.do(OrderReported(told(child)))
    desk.do(CancelAsked(client_order_id=child.client_order_id, actor="ann", reason="another plan"))
    assert desk.cancelled() == [child.client_order_id]
    desk.do(OrderReported(told(child, S.CANCELED)))
    assert desk.status(child) is S.CANCELED


def test_what_it_fills_under_its_second_id_is_the_strategys(desk: Desk) -> None:
    """A fill that a poll finds names the order into which the stop was turned, and no client id."""
    child = stop(desk)
    desk.do(OrderReported(told(child)))
    desk.do(OrderReported(told(child, venue_order_id=VenueOrderId("second"), is_triggered=True)))
    assert desk.order(child).venue_order_id == "second"
    again = desk.restarted()
    again.do(Restarted())
    for one in (desk, again):
        one.fill(child, "0.2", side=Side.SELL, client_order_id=None, venue_order_id=VenueOrderId("second"))
        assert (one.status(child), one.net()) == (S.FILLED, 0)
        assert [e.origin for e in one.events if isinstance(e, OrderFilled)] == ["", ""]
