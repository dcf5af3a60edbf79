"""Whatever strategies want and however the venue's answers are lost, doubled and shuffled: quantities are conserved,
limits hold with UNKNOWN counted in full, and replaying the journal gives the same state."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from fixtures.oms_desk import ALPHA, LIMITS, PERP, SPOT, TREND, Desk, venue_order
from jtrader.domain.order import ChildOrder, Fill, OrderStatus, OrderType, Side, VenueOrder
from jtrader.domain.times import SECOND
from jtrader.engine.commands import SubmitOrder
from jtrader.engine.inputs import (
    AmendAsked,
    AmendNotOffered,
    AmendRefused,
    AmendUncertain,
    CancelAllAsked,
    FillReported,
    Input,
    IntentSubmitted,
    OrderAbsent,
    OrderReported,
    Restarted,
    SubmitRefused,
    SubmitUncertain,
)
from jtrader.risk.limits import Limits
from jtrader.store.postgres.events import Rows

TIGHT: Limits = replace(LIMITS, max_position_notional=Decimal(20_000), max_open_orders=4, max_orders_per_minute=12)
POOR: Limits = replace(TIGHT, leverage=Decimal("0.1"))
"""Its margin binds before its position does."""
PRICES = st.sampled_from([Decimal(50_050), Decimal(50_100), Decimal(50_200)])
"""Above the market for buys too: what rests is the venue's choice here."""
QUANTITIES = st.sampled_from(["0.003", "0.01", "0.05", "0.1", "0.2", "0.25", "0.3399"])


class Venue:
    """Remembers what really happened to each order; what it says may be lost, late, doubled or shuffled."""

    def __init__(self) -> None:
        self.filled: dict[str, Decimal] = {}
        self.total: dict[str, tuple[Decimal, Decimal | None]] = {}
        """Quantity and price where they were changed."""
        self.ended: dict[str, OrderStatus] = {}
        self.fills: list[Fill] = []


def place(data: st.DataObject) -> dict[str, Any]:
    if data.draw(st.booleans()):
        return {"account": TREND, "instrument": SPOT}
    return {"account": ALPHA, "instrument": PERP}


def manner(data: st.DataObject) -> dict[str, Any]:
    if data.draw(st.booleans()):
        return {}
    return {"algorithm": "limit", "limit_price": data.draw(PRICES)}


def act(desk: Desk, venue: Venue, data: st.DataObject) -> None:
    """One random thing happens."""
    children = [c.order for c in desk.sent if isinstance(c, SubmitOrder)]
    what = data.draw(
        st.sampled_from(["intent", "intent", "fill", "fill", "report", "lose", "refuse", "tick", "more", "amend"])
    )
    if what == "intent" or not children:
        wish = desk.intent(
            data.draw(st.sampled_from(Side)),
            data.draw(QUANTITIES),
            reduce_only=data.draw(st.booleans()),
            **place(data),
            **manner(data),
        )
        desk.do(IntentSubmitted(wish))
        return
    child = data.draw(st.sampled_from(children))
    done = venue.filled.setdefault(child.client_order_id, Decimal(0))
    match what:
        case "fill":
            _fill(desk, venue, child, done, data)
        case "report":
            status = venue.ended.get(child.client_order_id, OrderStatus.NEW)
            desk.do(OrderReported(told(venue, child, status, done)))
        case "amend":
            resting = [one for one in desk.engine.state.live_orders() if one.child.type is OrderType.LIMIT]
            if resting:
                child = data.draw(st.sampled_from(resting)).child
                child = next(one for one in children if one.client_order_id == child.client_order_id)
                _amend(desk, venue, child, venue.filled.setdefault(child.client_order_id, Decimal(0)), data)
        case "lose":
            desk.do(SubmitUncertain(child.client_order_id, "no answer"))
        case "refuse":
            _refuse(desk, venue, child, done, data)
        case "tick":
            desk.wait(data.draw(st.sampled_from([1, 5, 70])))
        case _:
            for given_ in _odd(desk, venue, child, data):
                desk.do(given_)


def _fill(desk: Desk, venue: Venue, child: ChildOrder, done: Decimal, data: st.DataObject) -> None:
    total = venue.total.get(child.client_order_id, (child.quantity, None))[0]
    lots = int((total - done) / Decimal("0.001"))
    if child.client_order_id in venue.ended or lots < 1:
        return
    quantity = Decimal(data.draw(st.integers(1, lots))) * Decimal("0.001")
    fill = desk.execution(child, str(quantity), fee_asset="USDT")
    venue.filled[child.client_order_id] = done + quantity
    venue.fills.append(fill)
    if done + quantity == total:
        venue.ended[child.client_order_id] = OrderStatus.FILLED
    if data.draw(st.integers(0, 3)):  # else lost, until a poll
        desk.do(FillReported(fill))


def told(venue: Venue, child: ChildOrder, status: OrderStatus, done: Decimal) -> VenueOrder:
    """As the venue tells the order."""
    quantity, price = venue.total.get(child.client_order_id, (child.quantity, child.price))
    return replace(venue_order(child, status, done), quantity=quantity, price=price)


def _amend(desk: Desk, venue: Venue, child: ChildOrder, done: Decimal, data: st.DataObject) -> None:
    """A person changes it; the venue does so, refuses, can't, or its answer is lost on either side of that."""
    quantity, price = Decimal(data.draw(QUANTITIES)), data.draw(PRICES)
    name = child.client_order_id
    asked = AmendAsked(client_order_id=name, quantity=quantity, price=price, actor="ann", reason="test")
    answer = desk.do(asked).answer
    if answer is None or not answer.accepted or name in venue.ended:
        return
    match data.draw(st.sampled_from(["done", "done and lost", "lost", "refused", "not offered"])):
        case "done":
            venue.total[name] = quantity, price
            desk.do(OrderReported(told(venue, child, OrderStatus.NEW, done)))
        case "done and lost":
            venue.total[name] = quantity, price
            desk.do(AmendUncertain(name))
        case "lost":
            desk.do(AmendUncertain(name))
        case "refused":
            desk.do(AmendRefused(name, "filter", "no"))
        case _:
            desk.do(AmendNotOffered(name))
            venue.ended[name] = OrderStatus.CANCELED
            desk.do(OrderReported(told(venue, child, OrderStatus.CANCELED, done)))


def _refuse(desk: Desk, venue: Venue, child: ChildOrder, done: Decimal, data: st.DataObject) -> None:
    if child.client_order_id in venue.ended:
        return
    if done:
        venue.ended[child.client_order_id] = OrderStatus.CANCELED
        desk.do(OrderReported(told(venue, child, OrderStatus.CANCELED, done)))
    elif data.draw(st.booleans()):
        venue.ended[child.client_order_id] = OrderStatus.REJECTED
        desk.do(SubmitRefused(child.client_order_id, "-2019", "no margin"))


def _odd(desk: Desk, venue: Venue, child: ChildOrder, data: st.DataObject) -> Iterator[Input]:
    for fill in venue.fills:
        if data.draw(st.booleans()):
            yield FillReported(fill if data.draw(st.booleans()) else replace(fill, client_order_id=None))
    if data.draw(st.booleans()):
        yield CancelAllAsked(child.account, "test")
    if child.client_order_id in venue.ended and not venue.filled[child.client_order_id]:
        yield OrderAbsent(child.client_order_id, desk.wall, data.draw(st.booleans()), 3 * SECOND)


def check_limits(desk: Desk) -> None:
    """What could be held if every working and UNKNOWN order filled, at the quote, never exceeds the limit."""
    core = desk.engine.core
    for account, name in ((ALPHA, PERP), (TREND, SPOT)):
        net = core.ledger.position(account, name)
        open_ = [o for o in core.state.live_orders() if (o.child.account, o.child.instrument) == (account, name)]
        adding = [o for o in open_ if not o.child.reduce_only]
        buys = sum((o.leaves for o in adding if o.child.side is Side.BUY), Decimal(0))
        sells = sum((o.leaves for o in adding if o.child.side is Side.SELL), Decimal(0))
        reachable = max(abs(net + buys), abs(net - sells))
        limits = core.accounts[account].limits
        assert reachable * Decimal(50_000) <= Decimal(20_000)
        if name == PERP:
            assert reachable * Decimal(50_000) / limits.leverage <= core.ledger.equity(account, core.mark)["USDT"]
        assert len(adding) <= 4
        if name == SPOT:
            assert net >= 0
            assert net - sells >= 0


def check_conservation(desk: Desk) -> None:
    state = desk.engine.state
    for parent in state.parents.values():
        filled, working = state.progress(parent)
        assert filled + working <= parent.intent.quantity
    for order in state.orders.values():
        assert order.filled <= order.total
    ids = desk.submitted()
    assert len(ids) == len(set(ids)), "an order was sent twice"


def check_projection(desk: Desk) -> None:
    """The rows of orders tell what the engine knows; one that has filled as it was, while it is being made larger, is
    told as filled until the venue has answered."""
    rows = Rows({})
    for event in desk.events:
        rows.add(event)
    for order in desk.engine.state.orders.values():
        row = rows.orders[order.id]
        if order.amending is not None and order.filled >= order.child.quantity:
            continue
        told = row["status"], row["filled"], row["venue_order_id"]
        assert told == (order.status.value, order.filled, order.venue_order_id)


def visible(desk: Desk) -> dict[str, Any]:
    state = dict(desk.engine.state.__dict__)
    ledger = desk.engine.ledger
    books = [ledger.positions(), ledger.balances(ALPHA), ledger.balances(TREND)]
    return {**state, "books": books}


@settings(deadline=None, max_examples=120)
@given(data=st.data())
def test_conserved_limited_and_replayable(data: st.DataObject) -> None:
    limits = data.draw(st.sampled_from([TIGHT, POOR]))
    desk, venue = Desk(limits), Venue()
    for _ in range(data.draw(st.integers(1, 40))):
        act(desk, venue, data)
        check_conservation(desk)
        check_limits(desk)
    check_projection(desk)
    again = desk.restarted()
    assert visible(again) == visible(desk)

    # in the end the venue tells everything: books are the venue's, nothing of ours is left open by mistake
    again.do(Restarted())
    for fill in venue.fills:
        again.do(FillReported(fill))
    for name, account in ((PERP, ALPHA), (SPOT, TREND)):
        theirs = sum(
            (f.side.sign * f.quantity for f in venue.fills if (f.account, f.instrument) == (account, name)), Decimal(0)
        )
        assert again.net(account, name) == theirs
    assert all(s.strategy == "momentum" for s in again.engine.positions())
    assert asdict(again.engine.core.accounts[ALPHA].limits) == asdict(limits)
