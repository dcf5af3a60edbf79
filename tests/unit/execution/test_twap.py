"""TWAP: slices, what is carried, pauses, stale data, limits and ends."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import LIMITS, PERP, SPOT, Desk, rules_of
from fixtures.parents import Floor
from jtrader.domain.order import Completion, ParentState, ParentWish, Side, TimeInForce
from jtrader.domain.times import SECOND
from jtrader.execution.schedule import Grid
from jtrader.execution.twap import Twap

D = Decimal


def twap(quantity: str = "0.5", seconds: float = 50, interval: float = 10, floor: Floor | None = None, **more: Any):
    params = {"interval": interval, **more.pop("params", {})}
    return (floor or Floor()).start("twap", quantity, seconds, params=params, **more)


@pytest.mark.parametrize(
    ("quantity", "seconds", "interval", "sizes"),
    [
        ("0.5", 50, 10, ["0.100"] * 5),
        ("0.5", 50, 20, ["0.200", "0.200", "0.100"]),  # the last slice is shorter
        ("0.01", 50, 10, ["0.002"] * 5),
        ("0.011", 50, 10, ["0.002", "0.002", "0.002", "0.002", "0.003"]),  # the residual is carried, never dropped
        ("0.005", 50, 10, ["0.002", "0.003"]),  # a slice below the least notional merges into the next
        ("0.003", 50, 10, ["0.003"]),  # fewer lots than slices: the rest would be dust
        ("0.5", 5, 60, ["0.500"]),
    ],
)
def test_slices(quantity: str, seconds: float, interval: float, sizes: list[str]) -> None:
    floor = twap(quantity, seconds, interval).run(seconds + 2)
    assert floor.sizes == sizes
    assert floor.state is ParentState.DONE


def test_slices_are_taken_within_the_collar_at_their_times() -> None:
    floor = twap(params={"collar_bps": "10"}).run(60)
    began = floor.orders[0].ts
    assert [(order.ts - began) // SECOND for order in floor.orders] == [0, 10, 20, 30, 40]
    assert {order.time_in_force for order in floor.orders} == {TimeInForce.IOC}
    assert {order.price for order in floor.orders} == {D("50050.0")}


def test_a_sale_s_collar_lies_below() -> None:
    floor = twap(side=Side.SELL, params={"collar_bps": "10"})
    assert floor.orders[0].price == D("49950.1")


def test_a_slice_that_gave_nothing_is_tried_again_and_carried() -> None:
    floor = Floor()
    floor.fills = False
    twap(floor=floor).run(9)
    assert 4 <= len(floor.orders) <= 6  # every two seconds
    floor.fills = True
    floor.run(45)
    assert floor.parent.filled == D("0.5")


@pytest.mark.parametrize(
    ("missed", "sizes"),
    [
        ("reschedule", ["0.100", "0.100", "0.150", "0.150"]),
        ("catch_up", ["0.100", "0.100", "0.200", "0.100"]),
        ("skip_missed", ["0.100", "0.100", "0.100", "0.100"]),
    ],
)
@pytest.mark.parametrize("how", ["user", "stale", "restart"])
def test_slices_missed(how: str, missed: str, sizes: list[str]) -> None:
    floor = twap(params={"missed": missed}).run(19)
    if how == "user":
        floor.want(ParentWish.PAUSE)
        floor.run(11)
        assert (floor.state, floor.reason) == (ParentState.PAUSED, "user: ann: test")
        floor.want(ParentWish.RUN)
    elif how == "stale":
        floor.feed("stale")
        floor.run(11)
        assert (floor.state, floor.reason) == (
            ParentState.PAUSED,
            "stale data: the market data feed has gone quiet",
        )
        floor.feed("up")
        floor.desk.wait(0)
    else:
        floor.desk.market += 11 * SECOND
        floor.desk.wall += 11 * SECOND
        floor.restart()
        floor.desk.quote()
    floor.run(22)
    assert floor.sizes[:2] == sizes[:2]
    total = sum(map(D, floor.sizes))
    if missed == "skip_missed":
        assert total == D("0.4")
        assert (floor.state, floor.reason) == (ParentState.DONE, "filled 0.4 of 0.5 by its end")
    else:
        assert total == D("0.5")
        assert floor.sizes == sizes


@pytest.mark.parametrize("missed", ["reschedule", "catch_up", "skip_missed"])
def test_restarts_within_slices_change_nothing(missed: str) -> None:
    floor = twap(params={"missed": missed})
    for _ in range(52):
        floor = floor.restart()
        floor.desk.quote()
        floor.run(1)
    assert floor.sizes == ["0.100"] * 5


def test_a_wall_clock_that_jumps_moves_no_slice() -> None:
    floor = twap().run(5)
    for jump in (3600, 7200):
        floor.desk.wall += jump * SECOND
        floor.desk.quote()
        floor.run(10)
    floor.run(37)
    assert floor.sizes == ["0.100"] * 5
    assert [(order.ts - floor.orders[0].ts) // SECOND for order in floor.orders] == [0, 10, 20, 30, 40]


def test_catching_up_is_capped() -> None:
    floor = twap("1", 100, params={"missed": "catch_up", "most_slices": "2"}).run(5)
    floor.want(ParentWish.PAUSE)
    floor.run(50)
    floor.want(ParentWish.RUN)
    floor.run(4)
    assert floor.sizes == ["0.100", "0.200"]
    floor.run(10)
    assert floor.sizes == ["0.100", "0.200", "0.200"]


@pytest.mark.parametrize(
    ("completion", "state", "filled"),
    [
        (Completion.BEST_EFFORT, ParentState.DONE, "0"),
        (Completion.CANCEL_REMAINDER, ParentState.CANCELLED, "0"),
        (Completion.MUST_COMPLETE, ParentState.FAILED, "0"),
    ],
)
def test_a_limit_that_is_not_marketable_pauses(completion: Completion, state: ParentState, filled: str) -> None:
    floor = twap(limit_price=D(49_000), completion=completion).run(45)
    assert (floor.state, floor.reason) == (ParentState.PAUSED, "limit not marketable")
    assert floor.orders == []
    floor.run(400)
    assert (floor.state, str(floor.parent.filled)) == (state, filled)
    assert floor.orders == []


def test_a_limit_that_becomes_marketable_goes_on_and_is_kept() -> None:
    floor = twap(limit_price=D(49_999)).run(20)
    floor.bid, floor.ask = 49_990.0, 49_990.1
    floor.run(40)
    assert floor.parent.filled == D("0.5")
    assert {order.price for order in floor.orders} == {D(49_999)}


def test_must_complete_sweeps_the_rest() -> None:
    floor = twap(completion=Completion.MUST_COMPLETE)
    floor.fills = False
    floor.run(55)
    assert floor.state is ParentState.COMPLETING
    floor.fills = True
    floor.run(3)
    assert floor.state is ParentState.DONE
    assert floor.parent.filled == D("0.5")


def test_a_passive_slice_rests_and_crosses_when_it_is_late() -> None:
    floor = twap(params={"style": "passive", "cross_after": 5})
    first = floor.orders[0]
    assert (first.price, first.time_in_force) == (D(50_000), TimeInForce.POST_ONLY)
    floor.desk.fill(first, "0.04")
    floor.run(4)
    assert floor.desk.cancelled() == []
    floor.run(1)
    assert floor.desk.cancelled() == [first.client_order_id]
    floor.run(1)
    assert len(floor.orders) == 1  # waits for the end of what it cancels
    floor.end_cancelled()
    floor.run(1)
    assert [(order.quantity, order.time_in_force) for order in floor.orders[1:]] == [(D("0.060"), TimeInForce.IOC)]


def test_a_resting_slice_is_carried_when_the_next_is_due() -> None:
    floor = twap(params={"style": "passive"}).run(11)
    assert floor.sizes == ["0.100", "0.100"]
    assert floor.desk.cancelled() == []
    floor.run(40)
    assert len(floor.desk.cancelled()) == 5
    floor.end_cancelled()
    floor.run(1)
    assert (floor.state, floor.reason) == (ParentState.DONE, "filled 0 of 0.5 by its end")


def test_a_peg_follows_the_best_but_not_itself() -> None:
    floor = twap(params={"style": "peg", "min_rest": 2}, seconds=500, interval=100)
    floor.run(3)
    assert floor.desk.cancelled() == []
    floor.bid = 50_000.05
    floor.run(3)
    assert floor.desk.cancelled() == []  # off the grid: the tick at or below is where it stands
    floor.bid, floor.ask = 50_001.0, 50_001.1
    floor.run(2)
    assert floor.desk.cancelled() == [floor.orders[0].client_order_id]
    floor.end_cancelled()
    floor.run(1)
    assert [order.price for order in floor.orders] == [D(50_000), D(50_001)]


def test_participation_is_capped_by_what_others_trade() -> None:
    floor = twap("1", 100, params={"max_participation": 0.1})
    assert floor.orders == []
    floor.trade(0.45)
    floor.trade(0.45)
    floor.run(1)
    assert floor.sizes == ["0.100"]
    floor.run(15)
    assert floor.sizes == ["0.100"]  # its own 0.1 is in the public trades and does not count
    floor.trade(0.1)
    floor.trade(0.9)
    floor.run(1)
    assert floor.sizes == ["0.100", "0.100"]


def test_refusals_back_off_and_are_told() -> None:
    floor = twap("0.5", 200, 10, Floor(Desk(replace(LIMITS, max_order_notional=D(1))))).run(185)
    assert floor.state is ParentState.PAUSED
    assert floor.reason.startswith("risk: order_notional: ")
    assert floor.desk.tags().count("child_refused") == 1
    assert floor.desk.engine.core.watch.holds[floor.parent_id].tries == 6  # after 2, 4, 8 … s
    floor.run(20)
    assert (floor.state, floor.reason) == (ParentState.DONE, "filled 0 of 0.5 by its end")


def test_dust_is_told() -> None:
    floor = twap("0.0054", 50, 10).run(60)
    assert floor.parent.filled == D("0.005")
    assert (floor.state, floor.reason) == (ParentState.DUST, "0.0004 is left, below the venue's least")


def test_the_grid_jitters_within_a_slice_and_the_same_way_each_time() -> None:
    grid = Grid(0, 1_000, 100, 0.5, "p1")
    seen = [grid.index(now) for now in range(1_000)]
    assert seen == sorted(seen)
    assert set(seen) == set(range(10))
    assert all(now // 100 - 1 <= k <= now // 100 for now, k in enumerate(seen))
    assert seen == [Grid(0, 1_000, 100, 0.5, "p1").index(now) for now in range(1_000)]
    assert seen != [Grid(0, 1_000, 100, 0.5, "p2").index(now) for now in range(1_000)]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, ""),
        ({"params": {"interval": "20", "jitter": "0.2", "style": "passive", "cross_after": "3"}}, ""),
        ({"end": None}, "needs an end"),
        ({"params": {"interval": 0.5}}, "must be at least 1"),
        ({"params": {"interval": "nan"}}, "not finite"),
        ({"params": {"jitter": 0.6}}, "between 0 and 0.5"),
        ({"params": {"style": "loud"}}, "Invalid enum value 'loud' - at `$.style`; params are interval = 60.0, style"),
        ({"params": {"cross_after": 3}}, "for the styles passive and peg"),
        ({"params": {"max_participation": 1}}, "between 0 and 1"),
        ({"params": {"speed": 1}}, "unknown field `speed`"),
        ({"limit_price": D("1.23")}, "not a multiple"),
    ],
)
def test_intents_it_cannot_execute(fields: dict[str, Any], fault: str) -> None:
    desk = Desk()
    intent = desk.intent(**{"algorithm": "twap", "end": desk.market + 50 * SECOND, **fields})
    found = Twap().check(intent, rules_of(PERP))
    assert (found == "") is (fault == "")
    assert fault in found


def test_spot_needs_its_least_notional_too() -> None:
    floor = Floor().start("twap", "0.0003", 50, params={"interval": 10}, account="trend", instrument=SPOT)
    floor.run(55)
    assert floor.sizes == ["0.00012", "0.00018"]
