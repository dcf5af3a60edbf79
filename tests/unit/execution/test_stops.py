"""Stops, stop-limits and trailing stops: what triggers them and what must not, and how they get out."""

from decimal import Decimal
from typing import Any

import pytest

from fixtures.oms_desk import PERP, Desk, rules_of
from fixtures.parents import Floor
from jtrader.domain.market import Mark
from jtrader.domain.order import (
    Completion,
    OrderStatus,
    OrderType,
    ParentState,
    ParentWish,
    Side,
    TimeInForce,
    TriggerBy,
)
from jtrader.domain.times import MINUTE
from jtrader.execution.catalogue import ALGORITHMS

D = Decimal


def long_floor(quantity: str = "0.5") -> Floor:
    """A desk that holds a long position."""
    floor = Floor()
    floor.desk.fill(floor.desk.submit(quantity=quantity), quantity)
    floor._seen = len(floor.desk.sent)
    return floor


def exit_(algorithm: str, floor: Floor | None = None, quantity: str = "0.5", **more: Any) -> Floor:
    """A reduce-only sale."""
    fields = {"side": Side.SELL, "reduce_only": True, **more}
    return (floor or long_floor()).start(algorithm, quantity, **fields)


def mark(floor: Floor, price: float, index: float | None = None) -> None:
    desk = floor.desk
    desk.engine.see(Mark(PERP, desk.market, price, index or price, 0.0, desk.market + MINUTE), desk.wall)


def to(floor: Floor, price: float) -> None:
    """The market moves."""
    floor.bid, floor.ask = price - 0.1, price
    floor.desk.quote(floor.bid, floor.ask)
    floor.trade(0.1, price)


@pytest.mark.parametrize(
    ("side", "trigger", "path", "fires"),
    [
        (Side.SELL, "49900", [50_000, 49_900.1], False),
        (Side.SELL, "49900", [50_000, 49_900.0], True),
        (Side.SELL, "49900", [50_000, 49_500.0], True),  # a gap through it
        (Side.SELL, "49900", [49_000.0], True),  # passed already when it comes in
        (Side.BUY, "50100", [50_000, 50_099.9], False),
        (Side.BUY, "50100", [50_100.0], True),
    ],
)
def test_what_triggers_a_stop(side: Side, trigger: str, path: list[float], fires: bool) -> None:
    floor = Floor()
    to(floor, path[0])
    floor.start("stop", "0.1", side=side, params={"trigger": trigger})
    for price in path:
        to(floor, price)
        floor.run(1)
    assert bool(floor.orders) is fires
    if fires:
        [order] = floor.orders
        mid = D(str(path[-1])) - D("0.05")
        assert order.time_in_force is TimeInForce.IOC
        assert abs(order.price / mid - 1) <= D("0.01")
        assert floor.state is ParentState.DONE


def test_a_touch_between_two_looks_counts() -> None:
    floor = Floor()
    to(floor, 50_000)
    floor.start("stop", "0.1", side=Side.SELL, params={"trigger": "49900"})
    floor.trade(0.1, 49_899.0)
    floor.trade(0.1, 50_000.0)
    floor.run(1)
    assert len(floor.orders) == 1


def test_what_was_traded_before_it_came_does_not_count() -> None:
    floor = Floor()
    to(floor, 49_800)
    to(floor, 50_000)
    floor.start("stop", "0.1", side=Side.SELL, params={"trigger": "49900"}).run(3)
    assert floor.orders == []


@pytest.mark.parametrize("source", ["mark", "index"])
def test_another_source_is_watched(source: str) -> None:
    floor = Floor()
    to(floor, 49_000)
    mark(floor, 50_000)
    floor.start("stop", "0.1", side=Side.SELL, params={"trigger": "49900", "source": source}).run(1)
    assert floor.orders == []
    mark(floor, *((49_900, 50_000) if source == "mark" else (50_000, 49_900)))
    floor.run(1)
    assert len(floor.orders) == 1


def test_data_that_are_stale_do_not_trigger_and_are_told() -> None:
    floor = Floor()
    to(floor, 50_000)
    floor.start("stop", "0.1", side=Side.SELL, params={"trigger": "49900"})
    floor.feed("quarantined")
    to(floor, 49_000)
    floor.run(5)
    assert (floor.orders, floor.state) == ([], ParentState.PAUSED)
    assert floor.reason == "stale data: the market data feed has gone quiet"
    to(floor, 50_000)
    floor.run(1)
    floor.feed("up")
    floor.run(5)
    assert (floor.orders, floor.state) == ([], ParentState.RUNNING)


def test_an_old_mark_and_no_price_at_all_are_told() -> None:
    floor = Floor().start("stop", "0.1", side=Side.SELL, params={"trigger": "49900"})
    assert (floor.state, floor.reason) == (ParentState.PAUSED, "stale data: no last price has been seen")
    marked = Floor()
    mark(marked, 50_000)
    marked.start("stop", "0.1", side=Side.SELL, params={"trigger": "49900", "source": "mark"}).run(62)
    assert (marked.state, marked.reason) == (
        ParentState.PAUSED,
        "stale data: the mark price is older than 1 min",
    )


def test_a_trigger_is_latched_over_a_restart() -> None:
    floor = exit_("stop", params={"trigger": "49900"})
    floor.fills = False
    to(floor, 49_900)
    floor.run(1)
    assert floor.parent.memo["triggered"]
    to(floor, 50_500)  # back again: it is triggered all the same
    again = floor.restart()
    again.fills = True
    again.desk.quote(again.bid, again.ask)
    for order in again.live:
        again.desk.report(order, OrderStatus.EXPIRED)
    again.run(3)
    assert again.desk.net() == 0
    assert again.state is ParentState.DONE


def test_an_exit_that_the_venue_does_not_answer_is_not_sent_again_before_it_is_resolved() -> None:
    floor = exit_("stop", params={"trigger": "49900"})
    floor.answers = False
    to(floor, 49_900)
    floor.run(20)
    assert len(floor.orders) == 1
    assert (floor.state, floor.reason) == (ParentState.RUNNING, "triggered at 49900")
    floor.answers = True
    floor.desk.report(floor.orders[0], OrderStatus.EXPIRED)
    floor.run(3)
    assert floor.desk.net() == 0
    assert len(floor.orders) == 2


def test_an_exit_that_finds_nothing_widens_its_collar_in_steps() -> None:
    floor = exit_("stop", params={"trigger": "49900", "collar_bps": "10"})
    floor.fills = False
    to(floor, 49_900)
    floor.run(14)
    bounds = [round((1 - order.price / D("49899.95")) * 10_000) for order in floor.orders]
    assert bounds[:6] == [10, 20, 30, 40, 50, 50]


def test_cancelled_it_does_not_trigger() -> None:
    floor = exit_("stop", params={"trigger": "49900"})
    to(floor, 50_000)
    floor.want(ParentWish.CANCEL)
    to(floor, 49_000)
    floor.run(3)
    assert (floor.orders, floor.state) == ([], ParentState.CANCELLED)


def test_with_the_position_gone_it_is_over() -> None:
    floor = exit_("stop", params={"trigger": "49900"})
    to(floor, 50_000)
    desk = floor.desk
    sale = desk.submit(Side.SELL, "0.5", reduce_only=True)
    floor._seen = len(desk.sent)
    floor.run(1)
    assert floor.state is ParentState.RUNNING  # another exit works, and may yet be cancelled
    desk.fill(sale, "0.5")
    floor.run(1)
    assert (floor.state, floor.reason) == (ParentState.DONE, "filled 0; nothing is left to reduce")


def test_a_native_stop_waits_at_the_venue_also_through_a_pause() -> None:
    floor = exit_("stop", params={"trigger": "49900", "native": "true", "source": "mark"})
    [order] = floor.orders
    assert (order.type, order.trigger_price, order.trigger_by) == (OrderType.STOP, D(49_900), TriggerBy.MARK)
    assert order.reduce_only
    floor.run(2)
    floor.want(ParentWish.PAUSE)
    floor.feed("stale")
    floor.run(2)
    assert floor.desk.cancelled() == []
    floor.desk.fill(order, "0.5")
    floor.run(1)
    assert (floor.state, len(floor.orders)) == (ParentState.DONE, 1)


def test_a_native_stop_that_the_venue_refuses_is_watched_here() -> None:
    floor = exit_("stop", params={"trigger": "49900", "native": True})
    to(floor, 50_000)
    floor.desk.report(floor.orders[0], OrderStatus.REJECTED, reason="would trigger")
    floor.run(3)
    assert (floor.state, floor.reason) == (ParentState.RUNNING, "waits for last 49900")
    to(floor, 49_900)
    floor.run(1)
    assert floor.desk.net() == 0


def test_a_native_stop_that_somebody_cancelled_has_failed() -> None:
    floor = exit_("stop", params={"trigger": "49900", "native": True})
    floor.desk.report(floor.orders[0], OrderStatus.CANCELED, reason="by hand")
    floor.run(5)
    assert (floor.state, floor.reason) == (ParentState.FAILED, "the venue ended it: by hand")


@pytest.mark.parametrize(
    ("escalate", "then"),
    [
        ("market", (TimeInForce.IOC, D("49302.0"))),
        ("reprice", (TimeInForce.GTC, D("49799.9"))),
    ],
)
def test_a_stop_limit_that_does_not_fill_escalates(escalate: str, then: tuple[TimeInForce, Decimal]) -> None:
    params = {"trigger": "49900", "escalate_after": 5, "escalate": escalate}
    floor = exit_("stop_limit", limit_price=D(49_850), params=params)
    to(floor, 49_900)
    floor.run(1)
    [order] = floor.orders
    assert (order.type, order.price, order.time_in_force) == (OrderType.LIMIT, D(49_850), TimeInForce.GTC)
    to(floor, 49_800)
    floor.run(4)
    assert floor.desk.cancelled() == []
    floor.run(1)
    assert floor.desk.cancelled() == [order.client_order_id]
    floor.end_cancelled()
    floor.run(3)
    assert (floor.orders[1].time_in_force, floor.orders[1].price) == then


def test_a_stop_limit_without_escalation_keeps_its_limit() -> None:
    floor = exit_("stop_limit", limit_price=D(49_850), params={"trigger": "49900"})
    to(floor, 49_900)
    floor.run(1)
    to(floor, 49_000)
    floor.run(60)
    assert [order.price for order in floor.orders] == [D(49_850)]
    floor.desk.fill(floor.orders[0], "0.5")
    assert floor.state is ParentState.DONE


@pytest.mark.parametrize(
    ("side", "params", "path", "fires_at"),
    [
        (Side.SELL, {"offset": "100"}, [50_000, 50_200, 50_100.1, 50_100], 3),
        (Side.SELL, {"offset": "100"}, [50_000, 49_900], 1),
        (Side.SELL, {"offset": "1", "offset_type": "pct"}, [50_000, 51_000, 50_490.1, 50_490], 3),
        (Side.SELL, {"offset": "20", "offset_type": "bps"}, [50_000, 49_900.1, 49_900], 2),
        (Side.SELL, {"offset": "50", "offset_type": "ticks"}, [50_000, 49_995.1, 49_995], 2),
        (Side.SELL, {"offset": "100", "activation": "50500"}, [50_000, 49_000, 50_500, 50_600, 50_500], 4),
        (Side.SELL, {"offset": "100", "step": 1000}, [50_000, 50_050, 49_900.1, 49_900], 3),  # half a step is none
        (Side.BUY, {"offset": "100"}, [50_000, 49_800, 49_899.9, 49_900], 3),
        (Side.BUY, {"offset": "100", "activation": "49500"}, [50_000, 51_000, 49_500, 49_400, 49_500], 4),
    ],
)
def test_a_trailing_stop(side: Side, params: dict[str, Any], path: list[float], fires_at: int) -> None:
    floor = Floor()
    to(floor, path[0])
    floor.start("trailing", "0.1", side=side, params=params)
    for number, price in enumerate(path):
        to(floor, price)
        floor.run(1)
        assert bool(floor.orders) is (number >= fires_at), number


def test_a_restart_restores_the_extreme() -> None:
    floor = exit_("trailing", params={"offset": "100"})
    to(floor, 50_400)
    floor.run(1)
    to(floor, 50_350)
    floor.run(1)
    again = floor.restart()
    to(again, 50_350)
    again.run(1)
    assert again.orders == []
    to(again, 50_300)
    again.run(1)
    assert len(again.orders) == 1


def test_a_fall_is_tested_against_the_stop_as_it_stood_before() -> None:
    """High and low of one look: which was first is not known, the low is not held against the high's stop."""
    floor = exit_("trailing", params={"offset": "100"})
    to(floor, 50_000)
    floor.run(1)
    floor.trade(0.1, 50_500.0)
    floor.trade(0.1, 49_950.0)
    floor.trade(0.1, 50_450.0)
    floor.run(1)
    assert floor.orders == []
    assert floor.parent.memo["extreme"] == "50500.0"


@pytest.mark.parametrize(
    ("algorithm", "fields", "fault"),
    [
        ("stop", {"params": {"trigger": "49900"}}, ""),
        ("stop", {}, "missing required field `trigger`; params are"),
        ("stop", {"params": {"trigger": "49900.05"}}, "'trigger' 49900.05 is not a multiple of 0.1"),
        ("stop", {"params": {"trigger": "-1"}}, "not a multiple"),
        ("stop", {"params": {"trigger": "NaN"}}, "not finite"),
        ("stop", {"params": {"trigger": "1"}, "limit_price": D(1)}, "use 'stop_limit'"),
        ("stop", {"params": {"trigger": "1"}, "end": 10**19, "completion": Completion.MUST_COMPLETE}, "can't promise"),
        ("stop_limit", {"params": {"trigger": "49900"}}, "needs a limit_price"),
        ("stop_limit", {"params": {"trigger": "1", "escalate_after": 0.2}, "limit_price": D(1)}, "at least 1"),
        ("stop_limit", {"params": {"trigger": "1", "escalate_after": 2, "native": 1}, "limit_price": D(1)}, "here"),
        ("trailing", {"params": {"offset": "-5"}}, "a distance, above 0"),
        ("trailing", {"params": {"offset": "100", "offset_type": "pct"}}, "below the price itself"),
        ("trailing", {"params": {"offset": "1", "activation": "0.05"}}, "'activation' 0.05 is not a multiple"),
    ],
)
def test_intents_they_cannot_execute(algorithm: str, fields: dict[str, Any], fault: str) -> None:
    found = ALGORITHMS[algorithm].check(Desk().intent(algorithm=algorithm, **fields), rules_of(PERP))
    assert (found == "") is (fault == "")
    assert fault in found
