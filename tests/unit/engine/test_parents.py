"""People pause, resume and cancel parents; windows end them; journals of before parents had states still replay."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from fixtures.oms_desk import Desk, sequenced
from fixtures.parents import Floor
from jtrader.domain.events import ChildRefused, Event, IntentReceived, ParentAsked, ParentChanged, Sequenced
from jtrader.domain.ids import ParentId, VenueOrderId
from jtrader.domain.order import ChildOrder, Completion, OrderStatus, ParentState, ParentWish
from jtrader.domain.times import SECOND
from jtrader.engine.commands import SubmitOrder
from jtrader.engine.inputs import CancelAllAsked, FillReported, IntentSubmitted, ParentWished, Restarted
from jtrader.engine.intents import Answer
from jtrader.engine.parents import state_of
from jtrader.risk.kill import Kill, KillLevel, Latch

D = Decimal
P1 = ParentId("p1")


def want(desk: Desk, wish: ParentWish, parent: ParentId = P1) -> Answer:
    answer = desk.do(ParentWished(parent, wish, "ann", "lunch")).answer
    assert answer is not None
    return answer


def state(desk: Desk) -> ParentState:
    return state_of(desk.engine.core, desk.engine.state.parents[P1])


def orders(desk: Desk) -> list[ChildOrder]:
    return [command.order for command in desk.sent if isinstance(command, SubmitOrder)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def rest(desk: Desk, **more: object) -> ChildOrder:
    child = desk.submit(algorithm="limit", limit_price=D(49_900), **more)
    desk.report(child, OrderStatus.NEW)
    return child


def test_a_limit_is_paused_and_resumed(desk: Desk) -> None:
    child = rest(desk)
    assert want(desk, ParentWish.PAUSE).accepted
    assert desk.cancelled() == [child.client_order_id]
    assert state(desk) is ParentState.PAUSED
    desk.fill(child, "0.03")
    desk.report(child, OrderStatus.CANCELED, "0.03")
    desk.wait(3)
    assert len(orders(desk)) == 1
    assert want(desk, ParentWish.RUN).accepted
    assert [order.quantity for order in orders(desk)] == [D("0.1"), D("0.07")]
    desk.fill(orders(desk)[1], "0.07")
    desk.wait(1)
    assert state(desk) is ParentState.DONE
    asked = [event for event in desk.events if isinstance(event, ParentAsked)]
    assert [event.wish for event in asked] == ["pause", "run"]
    assert {(event.actor, event.reason) for event in asked} == {("ann", "lunch")}


def test_resumed_before_its_cancel_has_ended_it_waits_for_that(desk: Desk) -> None:
    child = rest(desk)
    want(desk, ParentWish.PAUSE)
    want(desk, ParentWish.RUN)
    desk.wait(1)
    assert len(orders(desk)) == 1
    desk.report(child, OrderStatus.CANCELED)
    desk.wait(1)
    assert [order.quantity for order in orders(desk)] == [D("0.1"), D("0.1")]


def test_a_cancelled_parent_is_over_once_its_orders_are(desk: Desk) -> None:
    child = rest(desk)
    want(desk, ParentWish.CANCEL)
    assert state(desk) is ParentState.COMPLETING
    assert not want(desk, ParentWish.RUN).accepted
    desk.report(child, OrderStatus.CANCELED)
    desk.wait(1)
    assert state(desk) is ParentState.CANCELLED
    assert want(desk, ParentWish.CANCEL) == Answer(False, "bad_wish", "parent order p1 is over")
    assert want(desk, ParentWish.PAUSE, ParentId("nobody")).reason == "there is no parent order nobody"


@pytest.mark.parametrize(
    ("completion", "told", "swept"),
    [
        (Completion.BEST_EFFORT, ParentState.DONE, []),
        (Completion.CANCEL_REMAINDER, ParentState.CANCELLED, []),
        (Completion.MUST_COMPLETE, ParentState.COMPLETING, [D("0.06")]),
    ],
)
def test_the_end_of_a_window(desk: Desk, completion: Completion, told: ParentState, swept: list[Decimal]) -> None:
    child = rest(desk, end=desk.market + 10 * SECOND, completion=completion)
    desk.fill(child, "0.04")
    desk.wait(9)
    assert desk.cancelled() == []
    desk.wait(2)
    assert desk.cancelled() == [child.client_order_id]
    desk.report(child, OrderStatus.CANCELED, "0.04")
    desk.quote(49_899.9, 49_900)
    desk.do(ParentWished(P1, ParentWish.RUN, "ann", "look"))
    assert [order.quantity for order in orders(desk)[1:]] == swept
    assert state(desk) is told
    for order in orders(desk)[1:]:
        assert order.price == D(49_900)
        desk.fill(order, "0.06")
        desk.wait(1)
        assert state(desk) is ParentState.DONE


def test_what_is_still_unknown_after_the_grace_is_reported(desk: Desk) -> None:
    rest(desk, end=desk.market + 10 * SECOND)
    desk.wait(309)
    assert state(desk) is ParentState.COMPLETING
    desk.wait(2)
    assert state(desk) is ParentState.FAILED
    assert "still working" in desk.engine.state.parents[P1].reason


def test_a_parent_that_starts_later_waits(desk: Desk) -> None:
    answer = desk.do(IntentSubmitted(desk.intent(start=desk.market + 5 * SECOND))).answer
    assert answer == Answer(True)
    desk.wait(4)
    assert orders(desk) == []
    desk.wait(1)
    assert len(orders(desk)) == 1


def test_a_restart_keeps_pauses_and_wishes(desk: Desk) -> None:
    child = rest(desk)
    want(desk, ParentWish.PAUSE)
    desk.report(child, OrderStatus.CANCELED)
    again = desk.restarted()
    again.do(Restarted())
    again.wait(3)
    assert orders(again) == []
    want(again, ParentWish.RUN)
    assert [order.quantity for order in orders(again)] == [D("0.1")]


def test_nothing_is_sent_while_the_venue_is_still_asked_what_happened(desk: Desk) -> None:
    desk.do(IntentSubmitted(desk.intent(algorithm="limit", limit_price=D(49_900), start=desk.market + SECOND)))
    again = desk.restarted()
    again.do(Restarted())
    again.market += 2 * SECOND
    want(again, ParentWish.PAUSE)
    want(again, ParentWish.RUN)
    assert orders(again) == []
    again.wait(1)
    assert len(orders(again)) == 1


OLD_INTENT = (
    b'{"type":"intent_received","ts":20,"intent":{"parent_id":"p1","strategy":"momentum","account":"alpha",'
    b'"instrument":"binance_usdm:BTCUSDT","side":"buy","quantity":"0.3","ts":20,"algorithm":"market",'
    b'"limit_price":null,"reduce_only":false,"signal_id":null,"reason":"up"}}'
)


def test_journals_of_before_still_replay() -> None:
    event = msgspec.json.decode(OLD_INTENT, type=Event)
    assert isinstance(event, IntentReceived)
    assert (event.intent.params, event.intent.start, event.intent.end) == ({}, 0, None)
    assert event.intent.completion is Completion.BEST_EFFORT
    desk = Desk()
    desk.engine.replay([Sequenced(3, event)])
    assert desk.engine.state.parents[P1].state is ParentState.PENDING


def test_parents_of_before_are_not_looked_at_again(desk: Desk) -> None:
    """Their ends were not journaled: they follow from their one child."""
    child = desk.submit()
    desk.fill(child, "0.1")
    again = desk.restarted()
    again.do(Restarted())
    assert again.engine.core.watch.parents == {}
    assert state_of(again.engine.core, again.engine.state.parents[P1]) is ParentState.DONE


def test_one_shot_orders_cost_no_record_more(desk: Desk) -> None:
    desk.fill(desk.submit(), "0.1")
    desk.wait(2)
    assert not any(isinstance(event, ParentChanged) for event in desk.events)


def test_params_that_can_t_be_journaled_are_refused(desk: Desk) -> None:
    for params in ({"x": float("nan")}, {"x": [D(1)]}, {"x": {"y": float("inf")}}):
        answer = desk.do(IntentSubmitted(desk.intent(params=params))).answer
        assert answer is not None
        assert answer.code == "bad_intent"
    written = [msgspec.json.encode(entry) for entry in sequenced(desk.events)]
    assert len([msgspec.json.decode(entry, type=Sequenced) for entry in written]) == len(desk.events)


def test_what_a_parent_remembers_is_journaled_before_its_orders(desk: Desk) -> None:
    desk.do(IntentSubmitted(desk.intent(algorithm="twap", end=desk.market + 60 * SECOND, params={"interval": 20})))
    assert desk.tags()[-3:] == ["intent_received", "parent_changed", "child_accepted"]


def test_cancel_all_ends_parents_that_would_send_anew(desk: Desk) -> None:
    iceberg = desk.intent(algorithm="iceberg", limit_price=D(49_900), params={"display": "0.05"})
    desk.do(IntentSubmitted(iceberg))
    [child] = orders(desk)
    desk.do(CancelAllAsked(None, "enough"))
    assert desk.cancelled() == [child.client_order_id]
    desk.report(child, OrderStatus.CANCELED)
    desk.wait(5)
    assert (len(orders(desk)), state(desk)) == (1, ParentState.CANCELLED)


def test_cancel_all_ends_a_one_shot_that_starts_later(desk: Desk) -> None:
    desk.do(IntentSubmitted(desk.intent(start=desk.market + 30 * SECOND)))
    desk.do(CancelAllAsked(None, "enough"))
    desk.wait(40)
    assert (orders(desk), state(desk)) == ([], ParentState.CANCELLED)


@pytest.mark.parametrize("meanwhile", ["its order has ended", "its order is being cancelled", "it was resumed"])
def test_cancel_all_ends_a_limit_that_was_paused(desk: Desk, meanwhile: str) -> None:
    child = rest(desk)
    want(desk, ParentWish.PAUSE)
    if meanwhile == "its order has ended":
        desk.report(child, OrderStatus.CANCELED)
    elif meanwhile == "it was resumed":
        want(desk, ParentWish.RUN)
    desk.do(CancelAllAsked(None, "enough"))
    desk.report(child, OrderStatus.CANCELED)
    desk.wait(3)
    assert not want(desk, ParentWish.RUN).accepted
    assert (len(orders(desk)), state(desk)) == (1, ParentState.CANCELLED)


@pytest.mark.parametrize(
    ("algorithm", "fields"),
    [
        ("best_limit", {}),
        ("twap", {"seconds": 7_200, "params": {"interval": 20}}),
        ("iceberg", {"limit_price": D(49_900), "params": {"display": "0.05"}}),
    ],
)
def test_a_hold_is_journaled_once_and_its_end_once(algorithm: str, fields: dict[str, Any]) -> None:
    floor = Floor()
    floor.desk.engine.latch(Latch((Kill(level=KillLevel.NO_ORDERS, reason="drill", actor="ann"),)))
    floor.start(algorithm, **fields)
    floor.run(60)
    before = len(floor.desk.events)
    floor.run(3_600)
    more = [event for event in floor.desk.events[before:] if isinstance(event, ParentChanged | ChildRefused)]
    assert more == []
    assert (floor.state, floor.reason.startswith("risk: kill")) == (ParentState.PAUSED, True)
    before = len(floor.desk.events)
    floor.desk.engine.latch(Latch())
    floor.run(65)
    assert floor.orders, "tried again all the while"
    [change, *_] = [event for event in floor.desk.events[before:] if isinstance(event, ParentChanged)]
    assert change.state is ParentState.RUNNING


def test_a_hold_of_another_reason_is_journaled_anew() -> None:
    floor = Floor()
    floor.desk.engine.latch(Latch((Kill(level=KillLevel.NO_ORDERS, reason="drill", actor="ann"),)))
    floor.start("best_limit").run(200)
    floor.desk.engine.latch(Latch())
    by_phone = floor.desk.execution(floor.desk.engine.state.orders[floor.parent.children[0]].child, "0.1")
    floor.desk.do(FillReported(replace(by_phone, client_order_id=None, venue_order_id=VenueOrderId("web"))))
    floor.run(200)
    assert floor.reason.startswith("risk: narrowed")


RECORDS_OF_A_PARENT = (
    (
        b'{"type":"intent_received","ts":20,"intent":{"parent_id":"p1","strategy":"momentum","account":"alpha",'
        b'"instrument":"binance_usdm:BTCUSDT","side":"sell","quantity":"0.3","ts":20,"algorithm":"trailing",'
        b'"limit_price":null,"reduce_only":true,"signal_id":null,"reason":"","params":{"offset":"100"},"start":0,'
        b'"end":null,"completion":"best_effort"}}'
    ),
    b'{"type":"parent_changed","ts":21,"parent_id":"p1","state":"running","reason":"trails","memo":{"extreme":"50400"}}',
    b'{"type":"parent_asked","ts":22,"parent_id":"p1","wish":"pause","actor":"ann","reason":"lunch"}',
    (
        b'{"type":"parent_changed","ts":22,"parent_id":"p1","state":"paused","reason":"user: ann: lunch",'
        b'"memo":{"extreme":"50400"}}'
    ),
)
"""As they are written today; they replay for ever."""


def test_records_of_a_parent_replay() -> None:
    desk = Desk()
    told = [msgspec.json.decode(record, type=Event) for record in RECORDS_OF_A_PARENT]
    desk.engine.replay([Sequenced(number, event) for number, event in enumerate(told, 3)])
    parent = desk.engine.state.parents[P1]
    assert (parent.state, parent.reason, parent.memo) == ("paused", "user: ann: lunch", {"extreme": "50400"})
    assert (parent.wish, parent.wish_reason, parent.intent.params) == ("pause", "ann: lunch", {"offset": "100"})
