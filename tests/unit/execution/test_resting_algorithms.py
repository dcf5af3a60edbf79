"""Icebergs and pegs: what rests, when it is refilled or moved, and when not."""

from decimal import Decimal
from typing import Any

import pytest

from fixtures.oms_desk import PERP, Desk, rules_of
from fixtures.parents import Floor
from jtrader.domain.market import Quote
from jtrader.domain.order import OrderStatus, ParentState, ParentWish, Side, TimeInForce
from jtrader.execution.catalogue import ALGORITHMS
from jtrader.risk.kill import Kill, KillLevel, Latch

D = Decimal


def iceberg(quantity: str = "0.5", **params: Any) -> Floor:
    return Floor().start("iceberg", quantity, limit_price=D(49_900), params={"display": "0.2", **params})


def fill_peak(floor: Floor) -> None:
    [peak] = floor.live
    left = peak.quantity - floor.desk.order(peak).filled
    floor.desk.fill(peak, str(left))
    floor.serve()


def test_one_peak_at_a_time() -> None:
    floor = iceberg()
    while floor.live:
        assert len(floor.live) == 1
        assert floor.live[0].price == D(49_900)
        fill_peak(floor)
        floor.run(1)
    assert floor.sizes == ["0.200", "0.200", "0.100"]
    assert floor.state is ParentState.DONE


def test_a_peak_that_is_partly_filled_stays() -> None:
    floor = iceberg()
    floor.desk.fill(floor.live[0], "0.15")
    floor.run(30)
    assert floor.sizes == ["0.200"]


def test_a_last_peak_below_the_least_joins_the_one_before() -> None:
    floor = iceberg("0.401")
    fill_peak(floor)
    assert floor.sizes == ["0.200", "0.201"]


def test_a_refill_waits() -> None:
    floor = iceberg(refill_delay=5)
    fill_peak(floor)
    floor.run(4)
    assert floor.live == []
    floor.run(1)
    assert len(floor.live) == 1


def test_peaks_vary_the_same_way_after_a_restart() -> None:
    floor = iceberg("5", variance="0.5")
    for _ in range(5):
        fill_peak(floor)
    again = floor.restart()
    again.desk.quote()
    fill_peak(again)
    again.run(1)
    fill_peak(floor)
    floor.run(1)
    assert again.sizes == floor.sizes
    assert len(set(floor.sizes)) > 3
    assert all(D("0.1") <= D(size) <= D("0.3") for size in floor.sizes)


def test_a_peak_that_somebody_cancelled_is_placed_anew_after_a_while() -> None:
    floor = iceberg()
    floor.desk.report(floor.live[0], OrderStatus.CANCELED, reason="by hand")
    assert (floor.state, floor.reason) == (ParentState.PAUSED, "venue: by hand")
    floor.run(3)
    assert floor.sizes == ["0.200", "0.200"]


def test_cancelled_it_places_no_more() -> None:
    floor = iceberg()
    floor.want(ParentWish.CANCEL)
    floor.end_cancelled()
    floor.run(5)
    assert (floor.state, len(floor.orders)) == (ParentState.CANCELLED, 1)


def peg(**more: Any) -> Floor:
    params = {"min_rest": 2, **more.pop("params", {})}
    return Floor().start("best_limit", "0.5", params=params, **more)


def move(floor: Floor, bid: float, ask: float, shown: float = 5.0) -> None:
    floor.bid, floor.ask = bid, ask
    desk = floor.desk
    desk.engine.see(Quote(PERP, desk.market, bid, shown, ask, shown), desk.wall)


def test_it_follows_the_best_after_its_rest() -> None:
    floor = peg()
    assert (floor.orders[0].price, floor.orders[0].time_in_force) == (D(50_000), TimeInForce.POST_ONLY)
    floor.desk.fill(floor.orders[0], "0.1")
    move(floor, 50_002.0, 50_002.1)
    floor.run(1)
    assert floor.desk.cancelled() == []
    floor.run(1)
    assert floor.desk.cancelled() == [floor.orders[0].client_order_id]
    floor.run(20)
    assert len(floor.orders) == 1  # a cancel that is not answered blocks the next
    floor.end_cancelled()
    assert [(order.quantity, order.price) for order in floor.orders[1:]] == [(D("0.400"), D(50_002))]


@pytest.mark.parametrize(
    ("fields", "first"),
    [
        ({}, "50000.0"),
        ({"side": Side.SELL}, "50000.4"),
        ({"params": {"offset_ticks": -2}}, "49999.8"),
        ({"params": {"offset_ticks": 1}}, "50000.1"),
        ({"params": {"offset_ticks": 9}}, "50000.3"),  # never takes
        ({"side": Side.SELL, "params": {"offset_ticks": 1}}, "50000.3"),
        ({"limit_price": D(49_990)}, "49990"),
        ({"side": Side.SELL, "limit_price": D(50_010)}, "50010"),
    ],
)
def test_where_it_rests(fields: dict[str, Any], first: str) -> None:
    floor = Floor()
    move(floor, 50_000.0, 50_000.4)
    floor.start("best_limit", "0.5", **fields)
    assert floor.orders[0].price == D(first)


def test_it_does_not_follow_itself() -> None:
    floor = Floor()
    move(floor, 50_000.0, 50_001.0)
    floor.start("best_limit", "0.5", params={"offset_ticks": 1, "min_rest": 0})
    for _ in range(5):
        move(floor, 50_000.1, 50_001.0, shown=0.5)  # what is shown at the best is its own
        floor.desk.wait(1, quotes=False)
    assert floor.desk.cancelled() == []
    move(floor, 50_000.1, 50_001.0, shown=0.6)
    floor.desk.wait(1, quotes=False)
    assert len(floor.desk.cancelled()) == 1


def test_a_small_move_and_a_flicker_are_sat_out() -> None:
    floor = peg(params={"reprice_ticks": 5, "min_rest": 3})
    move(floor, 50_000.4, 50_000.5)
    floor.run(5)
    for bid in (50_001.0, 50_000.0) * 2:
        move(floor, bid, bid + 0.1)
    floor.run(5)
    assert floor.desk.cancelled() == []


def test_moves_a_minute_are_bounded() -> None:
    floor = peg(params={"max_reprices": 3, "min_rest": 0})
    for step in range(50):
        move(floor, 50_001.0 + step, 50_001.1 + step)
        floor.run(1)
        floor.end_cancelled()
    assert len(floor.desk.cancelled()) == 3
    floor.run(15)
    floor.end_cancelled()
    assert len(floor.desk.cancelled()) == 4


def test_refused_as_taking_it_backs_off_by_a_tick_and_longer_each_time() -> None:
    floor = peg()
    for wait in (2, 4, 8):
        floor.desk.report(floor.orders[-1], OrderStatus.REJECTED, reason="post_only: would take")
        floor.run(wait)
    began = floor.orders[0].ts
    assert [order.price for order in floor.orders] == [D(50_000), D("49999.9"), D("49999.8"), D("49999.7")]
    assert [(order.ts - began) // 10**9 for order in floor.orders] == [0, 2, 6, 14]


def test_it_backs_off_so_far_and_no_farther_and_forgets_it_once_it_rests() -> None:
    floor = peg()
    for _ in range(14):
        floor.desk.report(floor.orders[-1], OrderStatus.REJECTED, reason="post_only: would take")
        floor.run(64)
    assert [order.price for order in floor.orders[9:]] == [D("49999.1"), *[D(49_999)] * 5]
    floor.end_cancelled()
    assert floor.live[0].price == D(50_000), "the last one rested"


def test_what_the_desk_s_own_gate_refuses_is_no_reason_to_back_off() -> None:
    floor = peg()
    floor.desk.report(floor.orders[-1], OrderStatus.REJECTED, reason="post_only: would take")
    floor.desk.engine.latch(Latch((Kill(level=KillLevel.NO_ORDERS, reason="drill", actor="ann"),)))
    floor.run(3_600)
    floor.desk.engine.latch(Latch())
    floor.run(64)
    assert [order.price for order in floor.live] == [D(50_000)]


def test_a_crossed_book_is_not_followed() -> None:
    floor = peg()
    move(floor, 50_010.0, 50_005.0)
    floor.run(5)
    assert floor.desk.cancelled() == []
    assert (floor.state, floor.reason) == (ParentState.PAUSED, "stale data: the quote is crossed or no price")


def test_it_crosses_what_is_left_after_a_while() -> None:
    floor = peg(params={"cross_after": 10})
    floor.desk.fill(floor.orders[0], "0.2")
    floor.run(10)
    floor.end_cancelled()
    floor.run(1)
    assert [(order.quantity, order.time_in_force) for order in floor.orders[1:]] == [(D("0.300"), TimeInForce.IOC)]
    assert floor.state is ParentState.DONE


@pytest.mark.parametrize(
    ("algorithm", "fields", "fault"),
    [
        ("iceberg", {"limit_price": D(49_900), "params": {"display": "0.1"}}, ""),
        ("iceberg", {"params": {"display": "0.1"}}, "needs a limit_price"),
        ("iceberg", {"limit_price": D(49_900)}, "missing required field `display`"),
        ("iceberg", {"limit_price": D(49_900), "params": {"display": "0.0001"}}, "below the least quantity 0.001"),
        ("iceberg", {"limit_price": D(49_900), "params": {"display": "1", "variance": 1}}, "between 0 and 1"),
        ("best_limit", {}, ""),
        ("best_limit", {"params": {"max_reprices": 0}}, "at least 1"),
        ("best_limit", {"params": {"cross_after": -1}}, "can't be below 0"),
    ],
)
def test_intents_they_cannot_execute(algorithm: str, fields: dict[str, Any], fault: str) -> None:
    found = ALGORITHMS[algorithm].check(Desk().intent(algorithm=algorithm, **fields), rules_of(PERP))
    assert (found == "") is (fault == "")
    assert fault in found
