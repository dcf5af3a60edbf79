"""What can go wrong between us and a venue, fault by fault: no order twice, no fill lost, no quantity forgotten."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import ALPHA, PERP, SPOT, TREND, Desk, venue_order
from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.errors import Broken
from jtrader.domain.events import OrderFilled, Sequenced
from jtrader.domain.ids import ClientOrderId, TradeId, VenueOrderId
from jtrader.domain.order import ChildOrder, OrderStatus, Side
from jtrader.domain.times import SECOND
from jtrader.engine.engine import Engine
from jtrader.engine.inputs import (
    CancelAllAsked,
    CancelUnclear,
    EntryReported,
    FillReported,
    IntentSubmitted,
    OpenOrdersListed,
    OrderAbsent,
    OrderReported,
    Restarted,
    SubmitRefused,
    SubmitUncertain,
)

S = OrderStatus


@pytest.fixture
def desk() -> Desk:
    return Desk()


def lost(desk: Desk, child: ChildOrder) -> None:
    desk.do(SubmitUncertain(child.client_order_id, "no answer in 10 s"))


def absent(desk: Desk, child: ChildOrder, stream_is_live: bool = True, request_life: int = 3 * SECOND) -> None:
    desk.do(OrderAbsent(child.client_order_id, desk.wall, stream_is_live, request_life))


def test_an_order_that_goes_well(desk: Desk) -> None:
    child = desk.submit(Side.BUY, "0.3")
    assert desk.status(child) is S.PENDING_NEW
    desk.report(child, S.NEW)
    assert desk.status(child) is S.NEW
    desk.fill(child, "0.1")
    assert desk.status(child) is S.PARTIALLY_FILLED
    assert desk.order(child).leaves == Decimal("0.2")
    desk.fill(child, "0.2")
    assert desk.status(child) is S.FILLED
    assert desk.net() == Decimal("0.3")
    assert desk.tags()[2:] == [
        "intent_received",
        "child_accepted",
        "order_acknowledged",
        "order_filled",
        "order_filled",
        "order_closed",
    ]


def test_submit_times_out_but_the_order_was_accepted(desk: Desk) -> None:
    child = desk.submit()
    lost(desk, child)
    assert desk.status(child) is S.UNKNOWN
    assert desk.order(child).leaves == Decimal("0.1")
    desk.wait(2)
    assert desk.queried() == [child.client_order_id]
    desk.report(child, S.NEW)
    assert desk.status(child) is S.NEW
    assert len(desk.submitted()) == 1


def test_submit_times_out_and_the_order_never_arrived(desk: Desk) -> None:
    child = desk.submit()
    lost(desk, child)
    desk.wait(5)
    absent(desk, child)
    assert desk.status(child) is S.UNKNOWN
    desk.wait(9)
    absent(desk, child)
    assert desk.status(child) is S.UNKNOWN, "9 s apart is no proof"
    desk.wait(1)
    absent(desk, child)
    assert desk.status(child) is S.REJECTED
    assert desk.order(child).leaves == 0
    assert "absent" in desk.order(child).reason
    assert len(desk.submitted()) == 1


def test_absence_before_the_request_has_expired_is_no_evidence(desk: Desk) -> None:
    child = desk.submit()
    lost(desk, child)
    desk.wait(3)
    absent(desk, child)
    desk.wait(10)
    absent(desk, child)
    assert desk.status(child) is S.UNKNOWN, "the first finding came while the request could still be accepted"


@pytest.mark.parametrize("life", [3, 5, 300])
def test_absence_is_no_evidence_while_the_venue_may_still_take_the_request(desk: Desk, life: int) -> None:
    """A request may be held on its way for as long as its signature is good, and the clocks may differ by a second."""
    child = desk.submit()
    desk.wait(10)
    lost(desk, child)  # it may have been signed at any time until now
    for _ in range(life):
        absent(desk, child, request_life=life * SECOND)
        desk.wait(1)
    assert desk.status(child) is S.UNKNOWN
    for _ in range(11):
        absent(desk, child, request_life=life * SECOND)
        assert desk.status(child) is S.UNKNOWN
        desk.wait(1)
    absent(desk, child, request_life=life * SECOND)
    assert desk.status(child) is S.REJECTED
    assert len(desk.submitted()) == 1


def test_absence_while_the_stream_is_down_is_no_evidence(desk: Desk) -> None:
    child = desk.submit()
    lost(desk, child)
    for _ in range(3):
        desk.wait(20)
        absent(desk, child, stream_is_live=False)
    assert desk.status(child) is S.UNKNOWN


def test_absence_of_an_order_once_confirmed_never_rejects_it(desk: Desk) -> None:
    child = desk.submit()
    desk.report(child, S.NEW)
    for _ in range(4):
        desk.wait(15)
        absent(desk, child)
    assert desk.status(child) is S.UNKNOWN
    assert desk.order(child).leaves == Decimal("0.1")


def test_a_duplicate_id_proves_that_the_order_was_taken(desk: Desk) -> None:
    child = desk.submit()
    desk.do(SubmitUncertain(child.client_order_id, "duplicate client id", accepted=True))
    again = desk.restarted()
    for one in (desk, again):
        for _ in range(4):
            one.wait(15)
            absent(one, child)
        assert one.status(child) is S.UNKNOWN, "it was there: that it is not found says nothing"
        one.fill(child, "0.1")
        assert one.status(child) is S.FILLED


def test_absence_is_not_proven_while_a_fill_waits_for_its_owner(desk: Desk) -> None:
    child = desk.submit()
    lost(desk, child)
    desk.fill(child, "0.1", client_order_id=None, venue_order_id=VenueOrderId("77"))
    for _ in range(3):
        desk.wait(15)
        absent(desk, child)
    assert desk.status(child) is S.UNKNOWN


def test_an_order_proven_absent_that_fills_after_all_is_booked(desk: Desk) -> None:
    child = desk.submit()
    lost(desk, child)
    for _ in range(2):
        desk.wait(15)
        absent(desk, child)
    assert desk.status(child) is S.REJECTED
    desk.fill(child, "0.1")
    assert desk.status(child) is S.FILLED
    assert desk.net() == Decimal("0.1")


def test_a_refusal_of_the_venue_releases_the_quantity(desk: Desk) -> None:
    child = desk.submit()
    desk.do(SubmitRefused(child.client_order_id, "-2019", "Margin is insufficient."))
    assert desk.status(child) is S.REJECTED
    assert desk.order(child).leaves == 0
    assert "-2019" in desk.order(child).reason


def test_a_refusal_after_the_stream_has_confirmed_the_order_is_looked_up(desk: Desk) -> None:
    child = desk.submit()
    desk.report(child, S.NEW)
    desk.do(SubmitRefused(child.client_order_id, "-2010", "rejected"))
    assert desk.status(child) is S.NEW
    desk.wait(2)
    assert child.client_order_id in desk.queried()


def test_a_fill_overtakes_the_acknowledgement(desk: Desk) -> None:
    child = desk.submit(quantity="0.2")
    desk.fill(child, "0.1")
    assert desk.status(child) is S.PARTIALLY_FILLED
    desk.report(child, S.NEW)
    desk.fill(child, "0.1")
    desk.report(child, S.FILLED, "0.2")
    assert desk.status(child) is S.FILLED
    assert desk.net() == Decimal("0.2")


def test_a_fill_told_again_is_counted_and_ignored(desk: Desk) -> None:
    child = desk.submit()
    fill = desk.execution(child, "0.1")
    for _ in range(3):
        desk.do(FillReported(fill))
    assert desk.net() == Decimal("0.1")
    assert desk.tags().count("order_filled") == 1
    assert desk.engine.core.watch.counters["fill_told_again"] == 2


def test_the_same_fill_by_stream_and_by_rest_is_booked_once(desk: Desk) -> None:
    child = desk.submit()
    fill = desk.execution(child, "0.1")
    desk.do(FillReported(fill))
    desk.do(FillReported(replace(fill, client_order_id=None, realised=Decimal(0), ts=fill.ts - 1)))
    assert desk.net() == Decimal("0.1")


def test_the_same_trade_id_in_another_instrument_is_another_fill(desk: Desk) -> None:
    perp = desk.submit()
    spot = desk.submit(account=TREND, instrument=SPOT)
    desk.fill(perp, "0.1", trade_id=TradeId("9"))
    desk.fill(spot, "0.1", trade_id=TradeId("9"))
    assert (desk.net(), desk.net(TREND, SPOT)) == (Decimal("0.1"), Decimal("0.1"))


def test_a_fill_lost_by_the_stream_keeps_the_order_open_until_a_poll_finds_it(desk: Desk) -> None:
    child = desk.submit()
    desk.report(child, S.FILLED, "0.1")
    assert desk.order(child).leaves == Decimal("0.1")
    desk.wait(2)
    assert desk.queried() == [child.client_order_id]
    desk.fill(child, "0.1", client_order_id=None)
    assert desk.status(child) is S.FILLED
    assert desk.net() == Decimal("0.1")


def test_a_cancelled_order_with_a_missing_fill_closes_when_the_fill_has_come(desk: Desk) -> None:
    child = desk.submit(quantity="0.3")
    desk.report(child, S.CANCELED, "0.1")
    assert desk.order(child).leaves == Decimal("0.3")
    desk.fill(child, "0.1")
    assert desk.status(child) is S.CANCELED
    assert desk.order(child).leaves == 0
    assert desk.net() == Decimal("0.1")


def test_a_fill_after_the_cancel_is_booked(desk: Desk) -> None:
    child = desk.submit(quantity="0.3")
    desk.report(child, S.NEW)
    desk.do(CancelAllAsked(ALPHA, "test"))
    desk.report(child, S.CANCELED)
    desk.fill(child, "0.1")
    assert desk.status(child) is S.CANCELED
    desk.fill(child, "0.2")
    assert desk.status(child) is S.FILLED
    assert desk.net() == Decimal("0.3")


def test_a_cancel_that_loses_the_race_is_informational(desk: Desk) -> None:
    child = desk.submit()
    desk.report(child, S.NEW)
    desk.do(CancelAllAsked(None, "test"))
    desk.fill(child, "0.1")
    desk.do(CancelUnclear(child.client_order_id))
    assert desk.status(child) is S.FILLED
    assert len(desk.submitted()) == 1


def test_a_cancel_without_an_answer_stays_pending_and_is_repeated(desk: Desk) -> None:
    child = desk.submit(algorithm="limit", limit_price=Decimal("49900"))
    desk.report(child, S.NEW)
    desk.do(CancelAllAsked(ALPHA, "test"))
    desk.wait(12)
    assert desk.status(child) is S.PENDING_CANCEL
    assert desk.order(child).leaves == Decimal("0.1")
    assert len(desk.cancelled()) >= 2
    desk.report(child, S.CANCELED)
    assert desk.status(child) is S.CANCELED


def test_an_unknown_order_may_be_cancelled_and_stays_unknown(desk: Desk) -> None:
    child = desk.submit()
    lost(desk, child)
    desk.do(CancelAllAsked(ALPHA, "test"))
    assert desk.status(child) is S.UNKNOWN
    assert desk.cancelled() == [child.client_order_id]


def test_a_cancel_of_an_unknown_order_is_wanted_until_the_order_has_ended(desk: Desk) -> None:
    child = desk.submit(algorithm="limit", limit_price=Decimal("49900"))
    lost(desk, child)
    desk.do(CancelAllAsked(ALPHA, "test"))
    desk.do(CancelUnclear(child.client_order_id))
    desk.report(child, S.NEW)
    again = desk.restarted()
    for one in (desk, again):
        one.sent.clear()
        one.do(Restarted())
        one.wait(7)
        assert one.cancelled(), "it came to the venue after the cancel, and lives there"
        one.report(child, S.CANCELED)
        assert one.status(child) is S.CANCELED


def test_a_cancel_asked_for_before_the_answer_survives_a_lost_answer(desk: Desk) -> None:
    child = desk.submit(algorithm="limit", limit_price=Decimal("49900"))
    desk.do(CancelAllAsked(ALPHA, "test"))
    lost(desk, child)
    desk.report(child, S.NEW)
    desk.sent.clear()
    desk.wait(6)
    assert child.client_order_id in desk.cancelled()


def test_an_order_that_ends_while_its_fills_were_told_during_a_doubt_is_filled(desk: Desk) -> None:
    entry = desk.submit(Side.BUY, "0.3")
    desk.fill(entry, "0.3")
    child = desk.submit(Side.SELL, "0.3", reduce_only=True)
    desk.fill(child, "0.2")
    absent(desk, child)
    assert desk.status(child) is S.UNKNOWN
    desk.report(child, S.FILLED, "0.2")  # the venue had cut it to what there was to reduce
    assert desk.status(child) is S.FILLED


def test_reports_out_of_order_do_not_reopen_an_order(desk: Desk) -> None:
    child = desk.submit()
    desk.fill(child, "0.1")
    before = len(desk.events)
    for status in (S.NEW, S.PARTIALLY_FILLED, S.FILLED, S.CANCELED):
        desk.report(child, status, "0.1")
    assert desk.status(child) is S.FILLED
    assert len(desk.events) == before


def test_an_overfill_is_booked_and_counted(desk: Desk) -> None:
    child = desk.submit()
    desk.fill(child, "0.1")
    desk.fill(child, "0.001")
    assert desk.net() == Decimal("0.101")
    assert desk.engine.core.watch.counters["overfill"] == 1


def test_a_humans_fill_goes_to_unassigned_and_takes_new_risk_away(desk: Desk) -> None:
    child = desk.submit()
    desk.fill(child, "0.1")
    desk.fill(child, "0.5", client_order_id=ClientOrderId("web_123"), venue_order_id=VenueOrderId("4711"))
    assert desk.net() == Decimal("0.6")
    booked = {p.strategy: p.quantity for p in desk.engine.positions()}
    assert booked == {"momentum": Decimal("0.1"), "UNASSIGNED": Decimal("0.5")}
    answer = desk.do(IntentSubmitted(desk.intent())).answer
    assert answer is not None
    assert answer.code == "narrowed"
    out = desk.submit(Side.SELL, "0.1", reduce_only=True)
    desk.fill(out, "0.1")
    assert desk.net() == Decimal("0.5")


def test_an_exit_is_capped_by_the_net_position(desk: Desk) -> None:
    child = desk.submit(quantity="0.2")
    desk.fill(child, "0.2")
    human = {"client_order_id": None, "venue_order_id": VenueOrderId("1"), "side": Side.SELL}
    desk.fill(child, "0.15", **human)
    out = desk.submit(Side.SELL, "0.2", reduce_only=True)
    assert out.quantity == Decimal("0.05")


def test_a_fill_without_our_id_waits_while_it_may_be_of_an_unacknowledged_order(desk: Desk) -> None:
    child = desk.submit()
    lost(desk, child)
    desk.fill(child, "0.1", client_order_id=None)
    assert desk.net() == 0
    desk.wait(2)
    assert child.client_order_id in desk.queried()
    desk.report(child, S.FILLED, "0.1")
    assert desk.net() == Decimal("0.1")
    assert desk.status(child) is S.FILLED
    assert [p.strategy for p in desk.engine.positions()] == ["momentum"]


def test_a_foreign_open_order_takes_new_risk_away_until_it_is_gone(desk: Desk) -> None:
    child = desk.submit()
    desk.report(child, S.NEW)
    foreign = replace(
        venue_order(child, S.NEW), client_order_id=ClientOrderId("phone"), venue_order_id=VenueOrderId("1")
    )
    ours = venue_order(child, S.NEW)
    desk.do(OpenOrdersListed(ALPHA, (ours, foreign), desk.wall))
    answer = desk.do(IntentSubmitted(desk.intent())).answer
    assert answer is not None
    assert answer.code == "narrowed"
    desk.do(OpenOrdersListed(ALPHA, (ours,), desk.wall))
    desk.submit()


def test_an_order_that_vanishes_from_the_open_list_is_looked_up(desk: Desk) -> None:
    child = desk.submit(algorithm="limit", limit_price=Decimal("49900"))
    desk.report(child, S.NEW)
    desk.do(OpenOrdersListed(ALPHA, (), desk.wall))
    desk.wait(2)
    assert child.client_order_id in desk.queried()


def test_a_crash_before_the_answer_leaves_the_order_unknown_and_asks(desk: Desk) -> None:
    child = desk.submit()
    again = desk.restarted()
    again.do(Restarted())
    assert again.status(child) is S.UNKNOWN
    again.wait(1)
    assert again.queried() == [child.client_order_id]
    assert again.submitted() == []
    again.do(OrderReported(venue_order(child, S.FILLED, Decimal("0.1"))))
    again.fill(child, "0.1", client_order_id=None)
    assert again.status(child) is S.FILLED
    assert again.net() == Decimal("0.1")


def test_a_crash_between_a_cancel_and_the_answer_still_ends_with_proof(desk: Desk) -> None:
    child = desk.submit(algorithm="limit", limit_price=Decimal("49900"))
    desk.do(CancelAllAsked(ALPHA, "test"))
    again = desk.restarted()
    again.do(Restarted())
    assert again.status(child) is S.UNKNOWN
    for _ in range(2):
        again.wait(15)
        absent(again, child)
    assert again.status(child) is S.REJECTED


def test_the_same_intent_again_gets_the_same_answer_and_no_second_order(desk: Desk) -> None:
    intent = desk.intent()
    first = desk.do(IntentSubmitted(intent))
    second = desk.do(IntentSubmitted(intent))
    assert first.answer == second.answer
    assert second.events == ()
    assert second.commands == ()
    refused = desk.intent(quantity="50")
    assert desk.do(IntentSubmitted(refused)).answer == desk.do(IntentSubmitted(refused)).answer


def test_the_same_parent_id_for_another_intent_is_refused(desk: Desk) -> None:
    intent = desk.intent()
    desk.do(IntentSubmitted(intent))
    answer = desk.do(IntentSubmitted(replace(intent, side=Side.SELL))).answer
    assert answer is not None
    assert answer.code == "duplicate"
    assert desk.engine.state.parents[intent.parent_id].intent == intent


def test_client_order_ids_differ_between_journals_and_fit_the_venue(desk: Desk) -> None:
    other = Desk()
    other.wall += SECOND
    ids = [desk.submit().client_order_id for _ in range(30)] + [other.submit().client_order_id for _ in range(30)]
    assert len(set(ids)) == 60
    assert all(len(i) <= 32 and i.replace("-", "").isalnum() for i in ids)


def test_client_order_ids_show_the_run_that_made_them(desk: Desk) -> None:
    """A second process on the account would show by its ids, in the venue's own lists."""
    desk.do(Restarted())
    first = [desk.submit().client_order_id for _ in range(2)]
    again = desk.restarted()
    again.wall += SECOND
    again.do(Restarted())
    again.wait(1)
    runs = [name.partition("-")[0] for name in (*first, again.submit().client_order_id)]
    assert runs[0] == runs[1] != runs[2]


def test_ledger_rows_are_booked_once_and_rows_of_trades_never(desk: Desk) -> None:
    child = desk.submit()
    desk.fill(child, "0.1")
    desk.wait(1)
    desk.funding("-1.25")
    desk.funding("-1.25")
    assert desk.tags().count("entry_booked") == 1
    [position] = desk.engine.positions()
    assert position.funding == Decimal("-1.25")


def test_a_replay_with_a_hole_is_refused(desk: Desk) -> None:
    desk.submit()
    entries = [Sequenced(number, event) for number, event in enumerate(desk.events, 1)]
    engine = Engine(desk.engine.core.instruments.values(), desk.engine.core.accounts.values())
    with pytest.raises(Broken, match="record 4 follows record 2"):
        engine.replay([*entries[:2], *entries[3:]])


def test_a_journal_with_a_fill_twice_is_broken(desk: Desk) -> None:
    child = desk.submit()
    desk.fill(child, "0.1")
    fill = next(event for event in desk.events if isinstance(event, OrderFilled))
    engine = Engine(desk.engine.core.instruments.values(), desk.engine.core.accounts.values())
    events = [*desk.events, fill]
    with pytest.raises(Broken, match="twice"):
        engine.replay(Sequenced(number, event) for number, event in enumerate(events, 1))


def test_marks_are_journaled_once_a_minute_for_what_is_held(desk: Desk) -> None:
    desk.wait(120)
    assert "mark_seen" not in desk.tags()
    child = desk.submit()
    desk.fill(child, "0.1")
    desk.wait(180)
    assert 3 <= desk.tags().count("mark_seen") <= 4
    assert desk.engine.state.marks == {PERP: Decimal("50000.05")}


@pytest.mark.parametrize(
    ("kind", "booked"),
    [(EntryKind.TRADE, 0), (EntryKind.FEE, 0), (EntryKind.REBATE, 1), (EntryKind.FUNDING, 1), (EntryKind.TRANSFER, 1)],
)
def test_only_rows_that_repeat_a_fill_are_left_to_the_fill(desk: Desk, kind: EntryKind, booked: int) -> None:
    desk.wait(1)
    row = VenueEntry(
        account=ALPHA,
        entry_id="r1",
        kind=kind,
        asset="USDT",
        amount=Decimal("0.5"),
        ts=desk.market,
        instrument=PERP,
        reference="4711",
    )
    desk.do(EntryReported(row))
    assert desk.tags().count("entry_booked") == booked
