"""Whatever the market, the venue and people do to a parent order: quantities are conserved, orders stand on the grid
and within the limit, nothing is sent on stale data, a restart at any record sends nothing twice, every parent ends."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.oms_desk import PERP, Desk, rules_of, venue_order
from jtrader.domain.events import ChildAccepted, ChildRefused
from jtrader.domain.market import FeedStatus, Trade
from jtrader.domain.order import Completion, OrderStatus, Side, TimeInForce
from jtrader.domain.times import SECOND
from jtrader.engine.commands import SubmitOrder
from jtrader.engine.inputs import IntentSubmitted, OrderReported, ParentWished, Restarted, SubmitUncertain, Ticked
from jtrader.engine.parents import state_of
from jtrader.execution.catalogue import ALGORITHMS
from jtrader.execution.driver import GRACE
from jtrader.execution.schedule import Grid, Missed, Progress, Schedule

D = Decimal
LOT = D("0.001")
RULES = rules_of(PERP)
WINDOW = 60
NEEDS_LIMIT = ("limit", "iceberg", "stop_limit")
NEVER_COMPLETE = ("stop", "stop_limit", "trailing")
STEPS = ("tick", "tick", "tick", "price", "venue", "venue", "venue", "wish", "feed", "restart")
PARAMS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "market": st.just({}),
    "limit": st.just({}),
    "twap": st.fixed_dictionaries(
        {"interval": st.sampled_from([7, 20, 90]), "missed": st.sampled_from(Missed).map(str)},
        optional={
            "style": st.sampled_from(["passive", "peg"]),
            "jitter": st.sampled_from([0.1, 0.5]),
            "max_participation": st.just(0.5),
        },
    ),
    "vwap": st.fixed_dictionaries(
        {"interval": st.sampled_from([7, 20]), "curve": st.just([1.0, 3.0, 2.0] * 480)},
        optional={"blend": st.just(0.5)},
    ).map(lambda given: {**given, "expected_volume": 5.0}),
    "pov": st.fixed_dictionaries(
        {"rate": st.sampled_from([0.1, 0.5])}, optional={"max_per_minute": st.just("0.3"), "block": st.just(0.5)}
    ),
    "iceberg": st.fixed_dictionaries({"display": st.just("0.05")}, optional={"variance": st.just("0.5")}),
    "stop": st.fixed_dictionaries({"trigger": st.sampled_from(["49990", "50010"])}, optional={"native": st.just(True)}),
    "stop_limit": st.fixed_dictionaries({"trigger": st.sampled_from(["49990", "50010"])}),
    "trailing": st.fixed_dictionaries({"offset": st.sampled_from(["5", "20"])}),
    "best_limit": st.fixed_dictionaries({"min_rest": st.just(1)}, optional={"cross_after": st.sampled_from([5, 30])}),
}


class Story:
    """One parent's life, drawn step by step; `check` holds after each."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.desk = Desk()
        self.price, self.stale, self.inputs = 50_000.0, False, 0
        self.checked = self.seen = 0
        self.algorithm = data.draw(st.sampled_from(sorted(ALGORITHMS)))
        completion = data.draw(st.sampled_from(Completion))
        limit = data.draw(st.sampled_from([None, D(49_980), D(50_020)]))
        if self.algorithm in NEVER_COMPLETE and completion is Completion.MUST_COMPLETE:
            completion = Completion.BEST_EFFORT
        if self.algorithm in NEEDS_LIMIT:
            limit = limit or D(50_000)
        elif self.algorithm in ("market", *NEVER_COMPLETE):
            limit = None
        self.intent = self.desk.intent(
            data.draw(st.sampled_from(Side)),
            data.draw(st.sampled_from(["0.004", "0.1", "0.3337"])),
            algorithm=self.algorithm,
            params=data.draw(PARAMS[self.algorithm]),
            end=self.desk.market + WINDOW * SECOND,
            completion=completion,
            limit_price=limit,
        )
        self.trade()
        self.do(IntentSubmitted(self.intent))
        assert self.intent.parent_id in self.desk.engine.state.parents

    def do(self, given_: Any) -> None:
        self.inputs += 1
        self.desk.do(given_)
        self.check()

    def trade(self) -> None:
        desk = self.desk
        self.inputs += 1
        desk.engine.see(Trade(PERP, desk.market, self.inputs, self.price, 0.2, 1), desk.wall)

    def step(self) -> None:
        desk, draw = self.desk, self.data.draw
        what = draw(st.sampled_from(STEPS))
        if what == "price":
            self.price = 50_000.0 + draw(st.integers(-300, 300)) / 10
        elif what == "venue":
            self.venue()
            return
        elif what == "wish":
            self.do(ParentWished(self.intent.parent_id, draw(st.sampled_from(["run", "run", "pause"])), "ann", "x"))  # type: ignore[arg-type]
        elif what == "feed":
            self.stale = not self.stale
            state = "stale" if self.stale else "up"
            desk.engine.see(FeedStatus(PERP, desk.market, 1, state), desk.wall)
        elif what == "restart":
            self.desk = desk.restarted()
            self.desk.do(Restarted())
            self.checked, self.stale = 0, False
        seconds = draw(st.sampled_from([1, 1, 2, 5]))
        self.desk.market += seconds * SECOND
        self.desk.wall += seconds * SECOND
        self.desk.quote(self.price - 0.1, self.price)
        if not self.stale:
            self.trade()
        self.do(Ticked())

    def venue(self) -> None:
        """Something happens to one order."""
        live = list(self.desk.engine.state.live_orders())
        if not live:
            return
        order = self.data.draw(st.sampled_from(live))
        lots = int(order.leaves / LOT)
        match self.data.draw(st.sampled_from(["fill", "fill", "end", "new", "lose", "reject"])):
            case "fill" if lots:
                part = LOT * self.data.draw(st.integers(1, lots))
                self.desk.fill(order.child, str(part))
                self.check()
            case "end" if order.cancel_wanted or order.child.time_in_force is TimeInForce.IOC:
                self.do(OrderReported(venue_order(order.child, OrderStatus.CANCELED, order.filled)))
            case "lose":
                self.do(SubmitUncertain(order.id, "no answer"))
            case "reject" if not order.is_proven:
                self.do(OrderReported(venue_order(order.child, OrderStatus.REJECTED, D(0), "post_only")))
            case _:
                self.do(OrderReported(venue_order(order.child, OrderStatus.NEW, order.filled)))

    def check(self) -> None:
        conserved(self.desk)
        intent = self.intent
        fresh = self.desk.sent[self.checked :]
        self.checked = len(self.desk.sent)
        orders = [command.order for command in fresh if isinstance(command, SubmitOrder)]
        assert len(orders) <= 2, "more than two orders at one moment"
        tried = [event for event in self.desk.events[self.seen :] if isinstance(event, ChildAccepted | ChildRefused)]
        self.seen = len(self.desk.events)
        assert not (tried and self.stale and ALGORITHMS[self.algorithm].needs_market), "an order on stale data"
        assert not (orders and self.stale), "an order on stale data"
        for order in orders:
            assert RULES.quantity_on_grid(order.quantity)
            assert order.quantity >= RULES.min_quantity
            assert order.price is None or RULES.price_on_grid(order.price)
            if intent.limit_price is not None:
                assert order.price is not None
                assert intent.side.sign * (order.price - intent.limit_price) <= 0, "beyond the limit"
            elif order.time_in_force is TimeInForce.IOC and order.price is not None:
                assert abs(order.price / D(str(self.price)) - 1) <= D("0.0201"), "beyond the collar"


def conserved(desk: Desk) -> None:
    state = desk.engine.state
    for parent in state.parents.values():
        filled, working = state.progress(parent)
        children = [state.orders[child] for child in parent.children]
        assert filled == sum((child.filled for child in children), D(0))
        assert working == sum((child.leaves for child in children), D(0))
        assert filled + working <= parent.intent.quantity
    ids = desk.submitted()
    assert len(ids) == len(set(ids)), "an order was sent twice"


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_conserved_bounded_and_over_in_time(data: st.DataObject) -> None:
    story = Story(data)
    for _ in range(data.draw(st.integers(1, 30))):
        story.step()
    assert story.desk.tags().count("child_accepted") <= story.inputs + 1
    desk, end = story.desk, story.intent.end
    assert end is not None
    for moment in (end + SECOND, end + GRACE // 2, end + GRACE + SECOND):
        desk.wall += max(moment - desk.market, 0)
        desk.market = max(moment, desk.market)
        desk.quote(story.price - 0.1, story.price)
        desk.do(Ticked())
        conserved(desk)
    assert state_of(desk.engine.core, desk.engine.state.parents[story.intent.parent_id]).is_over


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_restart_at_any_record_sends_nothing_twice(data: st.DataObject) -> None:
    story = Story(data)
    for _ in range(data.draw(st.integers(1, 25))):
        story.step()
    desk = story.desk
    whole = list(desk.events)
    for length in range(2, len(whole) + 1):
        desk.events = whole[:length]
        again = desk.restarted()
        again.do(Restarted())
        again.quote(story.price - 0.1, story.price)
        again.do(Ticked())
        conserved(again)
        if length == len(whole) and not story.stale:
            sent = _ordered(again)
    desk.events = whole
    if not story.stale:
        desk.sent.clear()
        desk.quote(story.price - 0.1, story.price)
        desk.do(Ticked())
        assert sent <= _ordered(desk), "the restarted desk sends more than the one that went on"


def _ordered(desk: Desk) -> Decimal:
    return sum((c.order.quantity for c in desk.sent if isinstance(c, SubmitOrder)), D(0))


@settings(deadline=None)
@given(
    slices=st.integers(1, 40),
    interval=st.integers(1, 50),
    cut=st.integers(0, 49),
    jitter=st.sampled_from([0.0, 0.2, 0.5]),
    missed=st.sampled_from(Missed),
    done=st.integers(0, 100),
    at=st.integers(0, 39),
)
def test_a_schedule_never_falls_and_ends_with_everything(
    slices: int, interval: int, cut: int, jitter: float, missed: Missed, done: int, at: int
) -> None:
    end = slices * interval - min(cut, interval - 1)
    grid = Grid(0, end, interval, jitter, "p")
    schedule = Schedule(grid, lambda ts: min(D(ts) / D(end), D(1)), D(100), missed)
    progress = Progress(base=D(done), since=grid.end_of(min(at, grid.slices - 1) - 1))
    if missed is not Missed.RESCHEDULE:
        progress = Progress(base=D(0), since=0)
    path = [schedule.target(k, progress) for k in range(grid.slices)]
    assert path == sorted(path)
    assert path[-1] == 100
    assert grid.index(end) == grid.slices - 1
    if missed is Missed.CATCH_UP:
        for k, target in enumerate(path):
            assert abs(target - D(100) * grid.end_of(k) / end) <= D(100) * interval / end
