"""kill -9 after every record that is journaled, before and after what follows from it is sent: the books are the
venue's again, nothing goes out twice, and nothing stays unknown."""

from collections import deque
from decimal import Decimal

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import ALPHA, PERP, Desk, venue_order
from jtrader.domain.ids import TradeId
from jtrader.domain.order import ChildOrder, Fill, OrderStatus, OrderType, Side, VenueOrder
from jtrader.domain.times import SECOND
from jtrader.engine.commands import AmendOrder, CancelOrder, Command, QueryOrder, SubmitOrder
from jtrader.engine.inputs import (
    AmendAsked,
    AmendNotOffered,
    CancelAsked,
    CancelUnclear,
    FillReported,
    Input,
    IntentSubmitted,
    Moment,
    OrderAbsent,
    OrderReported,
    Restarted,
    Ticked,
)

S = OrderStatus
D = Decimal
LONG_ENOUGH = 45
"""Seconds until every doubt is settled: the life of a request, two findings of absence, and the time between asking."""


class MiniVenue:
    """Fills market orders at once, lets all others rest; `amends` in place or not at all."""

    def __init__(self, desk: Desk, amends: bool) -> None:
        self.orders: dict[str, VenueOrder] = {}
        self.fills: list[Fill] = []
        self._desk = desk
        self._amends = amends

    @property
    def net(self) -> Decimal:
        return sum((fill.side.sign * fill.quantity for fill in self.fills), D(0))

    def take(self, command: Command) -> list[Input]:
        """What it answers."""
        match command:
            case SubmitOrder():
                return self._submit(command.order)
            case CancelOrder(client_order_id=name):
                if name in self.orders and not self.orders[name].status.is_terminal:
                    self.orders[name] = replace(self.orders[name], status=S.CANCELED)
                return [CancelUnclear(name)]
            case AmendOrder(client_order_id=name, quantity=quantity, price=price):
                if not self._amends:
                    return [AmendNotOffered(name)]
                self.orders[name] = replace(self.orders[name], quantity=quantity, price=price)
                return [OrderReported(self.orders[name])]
            case QueryOrder(client_order_id=name):
                return self._query(name)

    def _submit(self, child: ChildOrder) -> list[Input]:
        assert child.client_order_id not in self.orders, "sent twice"
        is_done = child.type is OrderType.MARKET
        self.orders[child.client_order_id] = venue_order(
            child, S.FILLED if is_done else S.NEW, child.quantity if is_done else D(0)
        )
        told: list[Input] = [OrderReported(self.orders[child.client_order_id])]
        if is_done:
            fill = replace(self._desk.execution(child, "1"), quantity=child.quantity)
            self.fills.append(replace(fill, trade_id=TradeId(f"t{len(self.fills)}")))
            told.append(FillReported(self.fills[-1]))
        return told

    def _query(self, name: str) -> list[Input]:
        told: list[Input] = [FillReported(replace(fill, client_order_id=None)) for fill in self.fills]
        wall = self._desk.wall
        if name in self.orders:
            return [*told, OrderReported(self.orders[name], wall, 3 * SECOND)]
        return [*told, OrderAbsent(name, wall, True, 3 * SECOND)]  # type: ignore[arg-type]


def wishes(desk: Desk) -> list[Input]:
    """A day's work: in, a resting order that is changed and cancelled, a stop at the venue, out in part."""
    buy = desk.intent(Side.BUY, "0.3")
    rest = desk.intent(Side.BUY, "0.1", algorithm="limit", limit_price=D(49_900))
    stop = desk.intent(
        Side.SELL, "0.3", algorithm="stop", params={"trigger": "49000", "native": True}, reduce_only=True
    )
    out = desk.intent(Side.SELL, "0.1", reduce_only=True)
    return [IntentSubmitted(wish) for wish in (buy, rest, stop, out)]


def by_hand(desk: Desk, turn: int) -> list[Input]:
    """Of the order that rests: a change, then, once the venue has answered, the end of it; each with time to settle."""
    [resting] = [o for o in desk.engine.state.live_orders() if o.child.type is OrderType.LIMIT]
    amend = AmendAsked(client_order_id=resting.id, price=D(49_950), quantity=None, actor="ann", reason="nearer")
    cancel = CancelAsked(client_order_id=resting.id, actor="ann", reason="enough")
    return [amend if turn == 2 else cancel, Ticked(), Ticked(), Ticked()]


def run(amends: bool, crash_at: int, cut: int, is_sent: bool) -> tuple[Desk, MiniVenue, list[int]]:
    """Handles inputs one by one; at number `crash_at` only the first `cut` of its records reach the disk, and what it
    sends reaches the venue or not. Returns the number of records of each input."""
    desk = Desk()
    desk.do(Restarted())
    desk.wait(1)
    venue = MiniVenue(desk, amends)
    later: deque[Input] = deque(wishes(desk))
    answers: deque[Input] = deque()
    sizes: list[int] = []
    hands = 2
    while answers or later or hands:
        if not answers and not later:
            later.extend(by_hand(desk, hands))
            hands -= 1
        given = answers.popleft() if answers else later.popleft()
        if isinstance(given, Ticked):
            desk.market, desk.wall = desk.market + SECOND, desk.wall + SECOND
            desk.quote()
        outcome = desk.engine.handle(given, Moment(desk.market, desk.wall))
        sizes.append(len(outcome.events))
        if len(sizes) - 1 == crash_at:
            desk.events += outcome.events[:cut]
            if is_sent and cut == len(outcome.events):
                for command in outcome.commands:
                    venue.take(command)
            return recovered(desk, venue), venue, sizes
        desk.events += outcome.events
        for command in outcome.commands:
            answers.extend(venue.take(command))
    return desk, venue, sizes


def recovered(desk: Desk, venue: MiniVenue) -> Desk:
    again = desk.restarted()
    again.wall += 2 * SECOND
    venue._desk = again
    again.quote()
    again.do(Restarted())
    answer(again, venue)
    for _ in range(LONG_ENOUGH):
        again.wait(1)
        answer(again, venue)
    return again


def answer(desk: Desk, venue: MiniVenue) -> None:
    """Carries out what was commanded, until nothing more comes of it."""
    while desk.sent:
        command = desk.sent.pop(0)
        for told in venue.take(command):
            desk.do(told)


def check(desk: Desk, venue: MiniVenue, where: str) -> None:
    state = desk.engine.state
    assert desk.net() == venue.net, where
    assert desk.engine.ledger.strategy_position(ALPHA, "UNASSIGNED", PERP) == 0, where  # type: ignore[arg-type]
    live = {name for name, order in venue.orders.items() if not order.status.is_terminal}
    assert live == set(state.live), where
    assert set(venue.orders) <= set(state.orders), where
    for order in state.orders.values():
        assert order.filled <= order.child.quantity, where
        assert order.status is not S.UNKNOWN, where
        assert order.amending is None, where
    again = desk.restarted()
    assert (again.engine.state.orders, again.engine.state.parents) == (state.orders, state.parents), where


@pytest.mark.parametrize("amends", [True, False], ids=["changed in place", "replaced"])
def test_at_every_record(amends: bool) -> None:
    desk, venue, sizes = run(amends, crash_at=-1, cut=0, is_sent=True)
    check(desk, venue, "nothing happened")
    assert (len(venue.orders), desk.net()) == (4 if amends else 5, D("0.2"))
    assert sum(sizes) > 20
    for number, size in enumerate(sizes):
        for cut in range(size + 1):
            for is_sent in (False, True) if cut == size else (False,):
                crashed = run(amends, number, cut, is_sent)
                check(crashed[0], crashed[1], f"input {number}, {cut} of {size} records, sent: {is_sent}")
