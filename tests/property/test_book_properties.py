"""Any sequence of orders leaves a book that a slow, obvious one agrees with: conservation, priority, never crossed."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from jtrader.matching.book import BUY, SELL, Book
from jtrader.matching.entry import Order, Style, enter

OWNERS = st.integers(0, 3)
SIDES = st.sampled_from([BUY, SELL])
TICKS = st.integers(95, 105)
LOTS = st.integers(1, 20)


@dataclass
class SlowBook:
    """Orders in arrival order: [id, owner, side, ticks, lots]; the best is found by looking at all of them."""

    orders: list[list[int]] = field(default_factory=list)

    def makers(self, side: int, limit: int | None) -> list[list[int]]:
        against = [o for o in self.orders if o[2] == -side and (limit is None or (limit - o[3]) * side >= 0)]
        return sorted(against, key=lambda o: o[3] * side)

    def enter(self, order: Order) -> tuple[int, int]:
        """(filled, rested)"""
        makers = self.makers(order.side, order.ticks)
        if not order.style.takes and makers:
            return 0, 0
        available = sum(o[4] for o in makers if o[1] != order.owner or order.owner == 0)
        if order.style.whole and available < order.lots:
            return 0, 0
        left = order.lots
        for maker in makers if order.style.takes else []:
            if left == 0:
                break
            if maker[1] == order.owner != 0:
                self.orders.remove(maker)
                continue
            got = min(left, maker[4])
            left -= got
            maker[4] -= got
            if maker[4] == 0:
                self.orders.remove(maker)
        filled = order.lots - left
        if left and order.style.rests and order.ticks is not None:
            self.orders.append([order.order_id, order.owner, order.side, order.ticks, left])
            return filled, left
        return filled, 0

    def levels(self, side: int) -> list[tuple[int, int]]:
        prices = sorted({o[3] for o in self.orders if o[2] == side}, reverse=side == BUY)
        return [(p, sum(o[4] for o in self.orders if o[2] == side and o[3] == p)) for p in prices]


@st.composite
def actions(draw: st.DrawFn) -> list[tuple[str, int, int, int, int, Style]]:
    kind = st.sampled_from(["enter", "enter", "enter", "cancel", "reduce"])
    action = st.tuples(kind, OWNERS, SIDES, TICKS, LOTS, st.sampled_from(list(Style)))
    return draw(st.lists(action, max_size=60))


@given(actions())
def test_every_book_equals_the_slow_one(steps: list[tuple[str, int, int, int, int, Style]]) -> None:
    book, slow = Book(), SlowBook()
    shown: dict[tuple[int, int], int] = {}
    for number, (kind, owner, side, ticks, lots, style) in enumerate(steps, start=1):
        if kind == "enter":
            price = None if style is Style.MARKET else ticks
            order = Order(number, owner, side, lots, style, price)
            entered = enter(book, order)
            assert (entered.filled, entered.rested) == slow.enter(order)
            assert entered.filled + entered.rested + entered.expired == lots
        elif slow.orders:
            target = slow.orders[ticks % len(slow.orders)]
            if kind == "cancel":
                assert book.cancel(target[0]) == target[4]
                slow.orders.remove(target)
            else:
                target[4] = max(0, target[4] - lots)
                assert book.reduce(target[0], lots) == target[4]
                slow.orders = [o for o in slow.orders if o[4]]
        bid, ask = book.best(BUY), book.best(SELL)
        assert bid is None or ask is None or bid < ask
        for book_side in (BUY, SELL):
            assert [(level.ticks, level.lots) for level in book.depth(book_side, 99)] == slow.levels(book_side)
            for level in book.depth(book_side, 99):
                queue = [o[0] for o in slow.orders if o[2] == book_side and o[3] == level.ticks]
                assert [resting.order_id for resting in book.queue(book_side, level.ticks)] == queue
        for changed_side, changed_ticks, now in book.drain_changes():
            shown[changed_side, changed_ticks] = now
        told = {key: value for key, value in shown.items() if value}
        assert told == {(s, p): total for s in (BUY, SELL) for p, total in slow.levels(s)}


@given(actions(), SIDES, LOTS, st.one_of(st.none(), TICKS), OWNERS)
def test_what_is_takeable_is_what_is_taken(
    steps: list[tuple[str, int, int, int, int, Style]], side: int, lots: int, limit: int | None, owner: int
) -> None:
    book = Book()
    for number, (_, resting_owner, resting_side, ticks, resting_lots, _style) in enumerate(steps, start=1):
        enter(book, Order(number, resting_owner, resting_side, resting_lots, Style.LIMIT, ticks))
    promised = book.takeable(side, lots, limit, owner)
    matches = [event for event in book.take(side, lots, limit, owner) if hasattr(event, "ticks")]
    assert promised == (sum(m.lots for m in matches), sum(m.lots * m.ticks for m in matches))
