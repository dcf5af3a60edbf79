"""The exit whose answer is late: one fill, flat, to the cent, whatever is asked for meanwhile."""

from decimal import Decimal

from msgspec.structs import replace

from fixtures.oms_desk import Desk
from jtrader.domain.order import OrderStatus, Side
from jtrader.domain.times import SECOND
from jtrader.engine.inputs import IntentSubmitted, OrderAbsent, Restarted, SubmitUncertain

FEE = Decimal("0.0005")
S = OrderStatus


def traded(desk: Desk, child: object, price: str) -> None:
    desk.fill(child, "0.2", price=Decimal(price), fee=Decimal("0.2") * Decimal(price) * FEE)  # type: ignore[arg-type]


def long() -> Desk:
    desk = Desk()
    desk.quote(60_000.0, 60_000.1)
    entry = desk.submit(Side.BUY, "0.2")
    traded(desk, entry, "60000")
    return desk


def test_a_late_answer_is_one_fill_and_the_loss_is_exact() -> None:
    desk = long()
    desk.quote(59_400.0, 59_400.1)
    intent = desk.intent(Side.SELL, "0.2", reduce_only=True)
    assert desk.do(IntentSubmitted(intent)).answer.accepted  # type: ignore[union-attr]
    out = list(desk.engine.state.orders.values())[-1].child
    for _ in range(10):
        desk.wait(1, quotes=False)
    desk.do(SubmitUncertain(out.client_order_id, "no answer in time"))
    for _ in range(2):
        desk.wait(1, quotes=False)
        assert desk.do(IntentSubmitted(intent)).answer.accepted, "forced again: the same order"  # type: ignore[union-attr]
    traded(desk, out, "59400")
    desk.report(out, S.FILLED, "0.2")
    assert len(desk.submitted()) == 2, "one entry, one exit"
    [state] = desk.engine.positions()
    assert (state.quantity, desk.net()) == (0, 0)
    assert state.pnl == Decimal("-131.94")


def test_a_second_exit_over_an_unknown_one_is_capped_by_what_is_held() -> None:
    """The venue keeps to reduce-only, so the way out is open; once the first is known to have filled it is shut."""
    desk = long()
    first = desk.submit(Side.SELL, "0.2", reduce_only=True)
    desk.do(SubmitUncertain(first.client_order_id, "no answer in time"))
    second = desk.submit(Side.SELL, "0.5", reduce_only=True)
    assert second.quantity == Decimal("0.2")
    traded(desk, first, "59400")
    desk.report(second, S.EXPIRED, "0", "reduce-only: nothing to reduce")
    assert (desk.net(), desk.status(first), desk.status(second)) == (0, S.FILLED, S.EXPIRED)
    refused = desk.do(IntentSubmitted(desk.intent(Side.SELL, "0.2", reduce_only=True))).answer
    assert refused is not None
    assert refused.code == "dust"


def test_a_held_request_is_waited_out_before_another_goes_out() -> None:
    """Held on its way for as long as its signature is good: neither the desk nor a restart of it sends another."""
    desk = long()
    intent = desk.intent(Side.SELL, "0.2", reduce_only=True)
    desk.do(IntentSubmitted(intent))
    out = list(desk.engine.state.orders.values())[-1].child
    again = desk.restarted()
    again.do(Restarted())
    for second in range(20):
        again.wait(1)
        life = 3 * SECOND
        again.do(OrderAbsent(out.client_order_id, again.wall, True, life))
        again.do(IntentSubmitted(replace(intent)))
        expected = S.UNKNOWN if second < 13 else S.REJECTED
        assert again.status(out) is expected, second
    assert again.submitted() == []
