"""The story of an order from the journal alone: what was wanted, what the gate, the venue and people did."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import ALPHA, Desk, sequenced
from fixtures.oms_story import PERP, STORY
from jtrader.domain.ids import ClientOrderId, VenueOrderId
from jtrader.domain.order import OrderStatus, Side
from jtrader.engine.inputs import (
    AmendAsked,
    AmendNotOffered,
    CancelAllAsked,
    IntentSubmitted,
    OrderAbsent,
    Outcome,
    ResolveAsked,
    SubmitUncertain,
)
from jtrader.report.timeline import lines, timeline


def told(desk: Desk, name: str) -> str:
    return "\n".join(lines(timeline(lambda: sequenced(desk.events), name)))


@pytest.mark.parametrize("name", ["o1", "p1", f"{PERP}#2"])
def test_an_order_by_any_of_its_names(name: str) -> None:
    story = timeline(lambda: sequenced(STORY), name)
    assert [one.seq for one in story] == [3, 4, 5, 6, 8]
    first, sent, confirmed, filled, _ = (one.text for one in story)
    assert first == (
        "Strategy model_signal wanted to buy 0.3 binance_usdm:BTCUSDT on account alpha by 'market' (up 0.61). Model"
        " direction version 3 had said 0.61."
    )
    assert sent == "The risk gate let it out: limit buy 0.3 at 50000.1. It was on disk before it was sent."
    assert confirmed == "The venue confirmed it as 77."
    assert filled == "0.1 filled at 50000.1 (trade 1, fee 2.500005 USDT)."


def test_refusals_are_told_with_their_reason() -> None:
    desk = Desk()
    desk.do(IntentSubmitted(desk.intent(Side.BUY, "50")))
    [refused] = desk.engine.state.orders
    assert "The risk gate refused it (order_notional)" in told(desk, refused)
    bad = desk.intent(Side.BUY, "0.1", account="nobody")
    desk.do(IntentSubmitted(bad))
    assert "Refused before it became an order (unknown_account)" in told(desk, bad.parent_id)


def test_doubts_people_and_replacements() -> None:
    desk = Desk()
    child = desk.submit(Side.BUY, "0.3", algorithm="limit", limit_price=Decimal(49_900))
    desk.report(child, OrderStatus.NEW)
    asked = AmendAsked(
        client_order_id=child.client_order_id, price=Decimal(49_950), quantity=None, actor="ann", reason="nearer"
    )
    desk.do(asked)
    desk.do(AmendNotOffered(child.client_order_id))
    desk.report(child, OrderStatus.CANCELED)
    second = desk.engine.state.orders[desk.submitted()[-1]].child
    desk.do(SubmitUncertain(second.client_order_id, "no answer in time"))
    desk.do(OrderAbsent(second.client_order_id, desk.wall, True, 1))
    desk.do(
        ResolveAsked(client_order_id=second.client_order_id, outcome=Outcome.ABSENT, actor="bob", reason="ticket 8812")
    )
    story = told(desk, second.client_order_id)
    for part in (
        f"{child.client_order_id}: ann asked for 0.3 at 49950 instead, because nearer.",
        "changes no such order in place",
        f"{child.client_order_id}: 0.3 of it goes out anew",
        f"{second.client_order_id}: Nobody could say whether it lives: no answer in time.",
        f"{second.client_order_id}: bob resolved it by hand as absent, because ticket 8812.",
    ):
        assert part in story
    assert told(desk, child.client_order_id) == story


def test_every_event_of_an_order_has_words() -> None:
    desk = Desk()
    child = desk.submit(Side.BUY, "0.3", algorithm="limit", limit_price=Decimal(49_900))
    desk.report(child, OrderStatus.NEW)
    desk.do(CancelAllAsked(ALPHA, "enough"))
    desk.report(child, OrderStatus.CANCELED)
    assert "The desk asked to cancel it (enough)." in told(desk, child.client_order_id)
    tags = {str(type(event).__struct_config__.tag) for event in desk.events}
    assert not any(one.text in tags for one in timeline(lambda: sequenced(desk.events), child.client_order_id))


def test_a_fill_of_nobody_here_and_a_name_that_nobody_has() -> None:
    desk = Desk()
    child = desk.submit()
    fill = desk.execution(child, "0.1")
    stranger = replace(fill, client_order_id=ClientOrderId("web_1"), venue_order_id=VenueOrderId("9"))
    desk.fill(child, "0.1", **{name: getattr(stranger, name) for name in ("client_order_id", "venue_order_id")})
    [one] = timeline(lambda: sequenced(desk.events), f"{PERP}#{desk.events[-1].fill.trade_id}")
    assert "no order of this desk (external web_1)" in one.text
    assert timeline(lambda: sequenced(desk.events), "jt-none") == []
