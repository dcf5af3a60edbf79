"""People at the desk and on the phone: what nobody here traded, who takes it over, and orders resolved by hand."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import ALPHA, PERP, SPOT, TREND, Desk, venue_order
from jtrader.domain.events import CancelRequested, OrderFilled, OrderResolved, PositionAssigned
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, StrategyId, VenueOrderId
from jtrader.domain.order import ChildOrder, OrderStatus, Side
from jtrader.domain.times import SECOND
from jtrader.engine.inputs import (
    AssignAsked,
    CancelAsked,
    FillReported,
    IntentSubmitted,
    OpenOrdersListed,
    OrderAbsent,
    OrderReported,
    Outcome,
    ResolveAsked,
    SubmitUncertain,
)
from jtrader.engine.intents import ACCEPTED, Answer

S = OrderStatus
MOMENTUM = StrategyId("momentum")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def wants(desk: Desk, side: Side, quantity: str, **more: Any) -> Answer:
    answer = desk.do(IntentSubmitted(desk.intent(side, quantity, **more))).answer
    assert answer is not None
    return answer


def by_phone(desk: Desk, child: ChildOrder, side: Side, quantity: str, name: str = "web_1") -> None:
    desk.fill(child, quantity, side=side, client_order_id=ClientOrderId(name), venue_order_id=VenueOrderId(name))


def assign(desk: Desk, **changes: Any) -> Answer:
    given: dict[str, Any] = {
        "account": ALPHA,
        "instrument": PERP,
        "strategy": MOMENTUM,
        "quantity": None,
        "actor": "ann",
        "reason": "closed it by phone",
    }
    answer = desk.do(AssignAsked(**{**given, **changes})).answer
    assert answer is not None
    return answer


def books(desk: Desk) -> dict[str, Decimal]:
    return {state.strategy: state.quantity for state in desk.engine.positions() if state.quantity}


def test_a_close_by_phone_ends_with_its_assignment(desk: Desk) -> None:
    child = desk.submit(Side.BUY, "0.3")
    desk.fill(child, "0.3")
    by_phone(desk, child, Side.SELL, "0.3")
    assert books(desk) == {"momentum": Decimal("0.3"), "UNASSIGNED": Decimal("-0.3")}
    assert wants(desk, Side.SELL, "0.3", reduce_only=True).code == "dust", "there is nothing to reduce at the venue"
    refused = wants(desk, Side.SELL, "0.3")
    assert refused.code == "narrowed"
    assert "jtrader positions assign binance_usdm:BTCUSDT --account alpha" in refused.reason
    assert assign(desk) == ACCEPTED
    assert books(desk) == {}
    again = desk.restarted()
    assert books(again) == {}
    assert wants(desk, Side.BUY, "0.1").accepted
    [event] = [event for event in desk.events if isinstance(event, PositionAssigned)]
    assert (event.quantity, event.actor, event.reason) == (Decimal("-0.3"), "ann", "closed it by phone")


def test_a_part_is_assigned_and_the_rest_still_narrows(desk: Desk) -> None:
    child = desk.submit(Side.BUY, "0.3")
    desk.fill(child, "0.3")
    by_phone(desk, child, Side.SELL, "0.2")
    assert assign(desk, quantity=Decimal("0.15")) == ACCEPTED
    assert books(desk) == {"momentum": Decimal("0.15"), "UNASSIGNED": Decimal("-0.05")}
    assert wants(desk, Side.BUY, "0.1").code == "narrowed"
    assert assign(desk) == ACCEPTED
    assert books(desk) == {"momentum": Decimal("0.1")}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"account": AccountId("nobody")}, "not traded here; there are alpha, trend"),
        ({"instrument": InstrumentId("binance_usdm:ETHUSDT")}, "nothing of binance_usdm:ETHUSDT is UNASSIGNED"),
        ({"strategy": StrategyId("UNASSIGNED")}, "no strategy"),
        ({"quantity": Decimal("0.4")}, "-0.3 of binance_usdm:BTCUSDT is UNASSIGNED"),
        ({"quantity": Decimal(0)}, "ask for a part"),
        ({"quantity": Decimal("-0.1")}, "ask for a part"),
        ({"quantity": Decimal("NaN")}, "ask for a part"),
        ({"actor": " "}, "who you are and why"),
        ({"reason": ""}, "who you are and why"),
    ],
)
def test_an_assignment_that_makes_no_sense_changes_nothing(desk: Desk, changes: dict[str, Any], why: str) -> None:
    child = desk.submit()
    by_phone(desk, child, Side.SELL, "0.3")
    before = list(desk.events)
    answer = assign(desk, **changes)
    assert (answer.accepted, answer.code) == (False, "not_possible")
    assert why in answer.reason
    assert desk.events == before


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("web_abc", "external web_abc"),
        ("autoclose-17", "liquidation autoclose-17"),
        ("adl_autoclose-3", "adl adl_autoclose-3"),
        ("settlement_autoclose-9", "settlement settlement_autoclose-9"),
        ("", "external"),
    ],
)
def test_a_fill_that_nobody_here_ordered_is_labelled(desk: Desk, name: str, origin: str) -> None:
    child = desk.submit()
    desk.fill(child, "0.1")
    by_phone(desk, child, Side.SELL, "0.1", name)
    labels = [event.origin for event in desk.events if isinstance(event, OrderFilled)]
    assert labels == ["", origin]


def test_a_strangers_order_narrows_as_soon_as_the_stream_tells_of_it(desk: Desk) -> None:
    child = desk.submit()
    desk.report(child, S.NEW)
    by_hand = replace(venue_order(child, S.NEW), client_order_id=ClientOrderId("web_1"), venue_order_id="77")
    asked = desk.wall
    desk.wait(1)
    desk.do(OrderReported(by_hand))
    assert "did not send (web_1)" in wants(desk, Side.BUY, "0.1").reason
    desk.do(OpenOrdersListed(ALPHA, (venue_order(child, S.NEW),), asked))
    assert wants(desk, Side.BUY, "0.1").code == "narrowed", "that list is older than the order"
    desk.do(OrderReported(replace(by_hand, status=S.CANCELED)))
    assert wants(desk, Side.BUY, "0.1").accepted


def test_an_order_of_another_jtrader_narrows_the_whole_account(desk: Desk) -> None:
    child = desk.submit()
    theirs = replace(
        venue_order(child, S.NEW),
        client_order_id=ClientOrderId("jtabc-1"),
        venue_order_id="77",
        instrument=InstrumentId("binance_usdm:ETHUSDT"),
    )
    desk.do(OrderReported(theirs))
    assert "the open order jtabc-1 of another jtrader" in wants(desk, Side.BUY, "0.1").reason
    desk.do(OrderReported(replace(theirs, client_order_id=ClientOrderId("web_1"))))
    assert wants(desk, Side.BUY, "0.1").accepted, "a stranger's order in another instrument"


# ---- orders resolved by hand


def unknown(desk: Desk, **more: Any) -> ChildOrder:
    child = desk.submit(Side.BUY, "0.3", **more)
    desk.do(SubmitUncertain(child.client_order_id, "no answer in 10 s"))
    return child


def resolve(desk: Desk, child: ChildOrder, outcome: Outcome = Outcome.ABSENT, **changes: Any) -> Answer:
    given: dict[str, Any] = {"actor": "ann", "reason": "asked their support"}
    answer = desk.do(
        ResolveAsked(client_order_id=child.client_order_id, outcome=outcome, **{**given, **changes})
    ).answer
    assert answer is not None
    return answer


def test_resolved_as_absent(desk: Desk) -> None:
    child = unknown(desk)
    assert resolve(desk, child) == ACCEPTED
    assert (desk.status(child), desk.order(child).leaves) == (S.REJECTED, 0)
    assert desk.order(child).reason == "resolved by ann as absent: asked their support"
    [event] = [event for event in desk.events if isinstance(event, OrderResolved)]
    assert (event.outcome, event.actor) == ("absent", "ann")
    desk.wait(10)
    assert desk.queried() == []
    assert desk.restarted().order(child) == desk.order(child)
    desk.fill(child, "0.3")
    assert (desk.status(child), desk.net()) == (S.FILLED, Decimal("0.3")), "the person was wrong: it filled"


def test_resolved_as_absent_after_the_venue_had_confirmed_it(desk: Desk) -> None:
    child = desk.submit(Side.BUY, "0.3")
    desk.report(child, S.NEW)
    desk.do(OrderAbsent(child.client_order_id, desk.wall, True, 3 * SECOND))
    assert desk.status(child) is S.UNKNOWN
    assert resolve(desk, child) == ACCEPTED
    assert desk.status(child) is S.CANCELED


def test_an_order_that_lives_though_it_was_resolved_as_absent_is_cancelled(desk: Desk) -> None:
    child = desk.submit(Side.BUY, "0.3", algorithm="limit", limit_price=Decimal(49_900))
    desk.report(child, S.NEW)
    desk.do(OrderAbsent(child.client_order_id, desk.wall, True, 3 * SECOND))
    resolve(desk, child)
    there = venue_order(child, S.NEW)
    desk.do(OpenOrdersListed(ALPHA, (there,), desk.wall))
    assert desk.cancelled() == [], "the list may be older than the end"
    desk.do(OpenOrdersListed(ALPHA, (there,), desk.wall))
    assert desk.cancelled() == [child.client_order_id]
    assert wants(desk, Side.BUY, "0.1").code == "narrowed"
    desk.do(OpenOrdersListed(ALPHA, (), desk.wall + 1))
    assert wants(desk, Side.BUY, "0.1").accepted
    desk.do(OpenOrdersListed(ALPHA, (there,), desk.wall + 2))
    assert len(desk.cancelled()) == 2, "a list from after the resolution needs no other"


def vanished(desk: Desk) -> ChildOrder:
    """Confirmed by the venue, then lost, then resolved as absent by a person: wrongly."""
    child = desk.submit(Side.BUY, "0.3", algorithm="limit", limit_price=Decimal(49_900))
    desk.report(child, S.NEW)
    desk.do(OrderAbsent(child.client_order_id, desk.wall, True, 3 * SECOND))
    resolve(desk, child)
    desk.wait(1)
    return child


def test_the_venue_s_report_of_an_order_resolved_as_absent_narrows_and_cancels(desk: Desk) -> None:
    child = vanished(desk)
    desk.report(child, S.NEW)
    desk.do(OpenOrdersListed(ALPHA, (venue_order(child, S.NEW),), desk.wall - 1))
    assert desk.cancelled() == [child.client_order_id], "once, though it is told twice"
    refused = wants(desk, Side.BUY, "0.1")
    assert refused.code == "narrowed"
    assert f"order {child.client_order_id} open, which has ended by our books" in refused.reason
    assert wants(desk, Side.BUY, "0.1", account=TREND, instrument=SPOT).accepted
    assert desk.engine.core.watch.counters["ended_order_lives"] == 1
    desk.fill(child, "0.1")
    assert (desk.net(), desk.order(child).filled) == (Decimal("0.1"), Decimal("0.1"))
    desk.wait(5)
    desk.report(child, S.NEW)
    assert len(desk.cancelled()) == 2, "asked for again while it lives"
    desk.report(child, S.CANCELED)
    assert wants(desk, Side.BUY, "0.1").accepted


def test_one_list_from_after_the_resolution_is_enough(desk: Desk) -> None:
    child = vanished(desk)
    desk.do(OpenOrdersListed(ALPHA, (venue_order(child, S.NEW),), desk.wall))
    assert desk.cancelled() == [child.client_order_id]
    assert "is being cancelled" in wants(desk, Side.BUY, "0.1").reason


def test_late_reports_of_an_order_that_the_venue_has_ended_say_nothing(desk: Desk) -> None:
    child = desk.submit(Side.BUY, "0.3", algorithm="limit", limit_price=Decimal(49_900))
    desk.report(child, S.CANCELED)
    desk.report(child, S.NEW)
    desk.do(OpenOrdersListed(ALPHA, (venue_order(child, S.NEW),), desk.wall + 1))
    assert desk.cancelled() == [], "only twice in a row"
    assert wants(desk, Side.BUY, "0.1").accepted


@pytest.mark.parametrize(("quantity", "status"), [("0.3", S.FILLED), ("0.1", S.CANCELED)])
def test_resolved_as_filled_and_told_again_by_the_venue(desk: Desk, quantity: str, status: OrderStatus) -> None:
    child = unknown(desk)
    fill = desk.execution(child, quantity)
    assert resolve(desk, child, Outcome.FILLED, fill=fill) == ACCEPTED
    assert (desk.status(child), desk.net()) == (status, Decimal(quantity))
    desk.do(FillReported(fill))
    assert desk.net() == Decimal(quantity)
    assert desk.restarted().order(child) == desk.order(child)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"outcome": Outcome.FILLED}, "filled needs the fill"),
        ({"fill": {}}, "absent has none"),
        ({"outcome": Outcome.FILLED, "fill": {"quantity": Decimal("0.4")}}, "more than the 0.3"),
        ({"outcome": Outcome.FILLED, "fill": {"side": Side.SELL}}, "no buy"),
        ({"outcome": Outcome.FILLED, "fill": {"price": Decimal(0)}}, "above zero"),
        ({"outcome": Outcome.FILLED, "fill": {"fee": Decimal("NaN")}}, "above zero"),
        ({"outcome": Outcome.FILLED, "fill": {"trade_id": ""}}, "trade id"),
        ({"outcome": Outcome.FILLED, "fill": {"client_order_id": "jt-other"}}, "names order"),
        ({"outcome": Outcome.FILLED, "fill": {"ts": 1}}, "taken over"),
        ({"reason": " "}, "who you are"),
    ],
)
def test_a_resolution_that_makes_no_sense_changes_nothing(desk: Desk, changes: dict[str, Any], why: str) -> None:
    child = unknown(desk)
    if "fill" in changes:
        changes = {**changes, "fill": replace(desk.execution(child, "0.3"), **changes["fill"])}
    before = list(desk.events)
    answer = resolve(desk, child, **changes)
    assert not answer.accepted
    assert why in answer.reason
    assert desk.events == before


def test_only_an_unknown_order_is_resolved(desk: Desk) -> None:
    child = desk.submit()
    assert "only an order that is unknown" in resolve(desk, child).reason
    child = replace(child, client_order_id=ClientOrderId("jt-none"))
    assert "no order jt-none" in resolve(desk, child).reason


def test_one_order_is_cancelled_by_a_named_person(desk: Desk) -> None:
    mine, other = (desk.submit(algorithm="limit", limit_price=Decimal(49_900)) for _ in range(2))
    for child in (mine, other):
        desk.report(child, S.NEW)
    asked = CancelAsked(client_order_id=mine.client_order_id, actor="ann", reason="wrong side")
    assert desk.do(asked).answer == ACCEPTED
    assert desk.cancelled() == [mine.client_order_id]
    assert (desk.status(mine), desk.status(other)) == (S.PENDING_CANCEL, S.NEW)
    [event] = [event for event in desk.events if isinstance(event, CancelRequested)]
    assert (event.actor, event.reason) == ("ann", "wrong side")
    desk.report(mine, S.CANCELED)
    refused = desk.do(asked).answer
    assert refused is not None
    assert "is canceled" in refused.reason
