"""Kill levels in the engine: what each stops, keeps, cancels and closes, in which scope, and who did it."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import ALPHA, LIMITS, PERP, SPOT, TREND, Desk, venue_order
from fixtures.parents import Floor
from jtrader.domain.events import ChildAccepted, IntentReceived, KillChanged
from jtrader.domain.ids import AccountId, ParentId, StrategyId
from jtrader.domain.order import ChildOrder, OrderStatus, OrderType, Side, TimeInForce
from jtrader.engine.inputs import IntentSubmitted, SubmitRefused, SubmitUncertain, Ticked
from jtrader.risk.kill import KILL_PARENT, OPEN, Change, KillLevel, is_protective

D = Decimal
MOMENTUM, OTHER = StrategyId("momentum"), StrategyId("other")


def kill(desk: Desk, level: int, **scope: Any) -> None:
    latch = desk.engine.core.watch.latch
    change = Change(level=KillLevel(level), reason="drill", actor="ann", at=desk.wall, **scope)
    desk.engine.latch(latch.changed(change))
    desk.wait(1)


def hold(desk: Desk, quantity: str, **fields: Any) -> None:
    desk.fill(desk.submit(quantity=quantity, **fields), quantity)


def rest(desk: Desk, **fields: Any) -> ChildOrder:
    return desk.submit(algorithm="limit", limit_price=D(49_900), quantity="0.01", **fields)


def protect(desk: Desk, quantity: str = "0.1") -> ChildOrder:
    """A reduce-only stop that works at the venue."""
    intent = desk.intent(Side.SELL, quantity, reduce_only=True, parent_id=ParentId("protects"))
    stop = ChildOrder(
        client_order_id=desk.submit(quantity="0.003").client_order_id + "s",  # type: ignore[arg-type]
        parent_id=intent.parent_id,
        strategy=MOMENTUM,
        account=ALPHA,
        instrument=PERP,
        side=Side.SELL,
        type=OrderType.STOP,
        time_in_force=TimeInForce.GTC,
        quantity=D(quantity),
        price=None,
        reduce_only=True,
        ts=desk.market,
        trigger_price=D(49_000),
    )
    for event in (IntentReceived(ts=desk.market, intent=intent), ChildAccepted(ts=desk.market, order=stop)):
        desk.engine.core.emit(event)
    desk.events += desk.engine.core.take()[0]
    desk.report(stop, OrderStatus.NEW)
    return stop


def slices(desk: Desk) -> list[ChildOrder]:
    orders = [order.child for order in desk.engine.state.orders.values() if order.status is not OrderStatus.REFUSED]
    return [child for child in orders if child.parent_id.startswith(KILL_PARENT)]


@pytest.mark.parametrize("level", [1, 2])
def test_levels_1_and_2_cancel_nothing(level: int) -> None:
    desk = Desk()
    rest(desk)
    kill(desk, level)
    assert desk.cancelled() == []


@pytest.mark.parametrize(("level", "keeps"), [(2, True), (3, True), (4, False)])
def test_protective_orders_stay_until_the_position_is_closed(level: int, keeps: bool) -> None:
    desk = Desk()
    hold(desk, "0.1")
    stop, quote = protect(desk), rest(desk)
    kill(desk, level)
    assert (stop.client_order_id not in desk.cancelled()) == keeps
    assert (quote.client_order_id in desk.cancelled()) == (level >= 3)


@pytest.mark.parametrize(
    ("changes", "keeps"),
    [({}, True), ({"reduce_only": False}, False), ({"type": OrderType.LIMIT}, False)],
)
def test_protective_is_what_waits_and_can_only_reduce(changes: dict[str, Any], keeps: bool) -> None:
    desk = Desk()
    hold(desk, "0.1")
    stop = replace(protect(desk), **changes)
    assert is_protective(stop) == keeps
    told = replace(venue_order(stop, OrderStatus.NEW), reduce_only=stop.reduce_only)
    assert is_protective(told) == keeps
    assert is_protective(replace(told, type=OrderType.MARKET, is_triggered=True)) == stop.reduce_only


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        ({}, True),
        ({"account": ALPHA}, True),
        ({"account": TREND}, False),
        ({"strategy": MOMENTUM}, True),
        ({"strategy": OTHER}, False),
        ({"venue": "binance"}, True),
        ({"venue": "binance_usdm"}, True),
        ({"venue": "binance_spot"}, False),
        ({"account": ALPHA, "strategy": OTHER}, False),
    ],
)
def test_a_scope_cancels_and_refuses_what_it_covers(scope: dict[str, Any], covers: bool) -> None:
    desk = Desk()
    quote = rest(desk)
    kill(desk, 3, **scope)
    assert (quote.client_order_id in desk.cancelled()) == covers
    answer = desk.do(IntentSubmitted(desk.intent(quantity="0.01"))).answer
    assert answer is not None
    assert answer.code == ("kill" if covers else "")


def test_each_change_is_journaled_once_with_its_actor() -> None:
    desk = Desk()
    kill(desk, 2, account=ALPHA)
    kill(desk, 0)
    desk.wait(2)
    told = [event for event in desk.events if isinstance(event, KillChanged)]
    assert [(event.level, event.actor, event.reason, event.account) for event in told] == [
        (2, "ann", "drill", ALPHA),
        (0, "ann", "drill", None),
    ]
    again = desk.restarted()
    again.engine.latch(desk.engine.core.watch.latch)
    again.wait(1)
    assert [event for event in again.events if isinstance(event, KillChanged)] == told
    assert rest(again)


def test_a_position_is_closed_in_slices_no_larger_than_an_order_may_be() -> None:
    desk = Desk()
    hold(desk, "1.9")
    hold(desk, "1.2")
    kill(desk, 4, account=ALPHA)
    for _ in range(6):
        for child in slices(desk):
            if desk.order(child).is_live:
                desk.fill(child, str(child.quantity))
        desk.wait(1)
    assert desk.net() == 0
    done = slices(desk)
    assert [child.quantity for child in done] == [D("1.999"), D("1.101")]
    assert all(child.reduce_only and child.strategy == MOMENTUM for child in done)
    desk.wait(3)
    assert len(slices(desk)) == 2


def test_only_one_slice_works_at_a_time_and_an_unknown_one_does_not_lock_the_way_out() -> None:
    desk = Desk()
    hold(desk, "0.5")
    kill(desk, 4)
    desk.wait(3)
    [first] = slices(desk)
    desk.do(SubmitUncertain(first.client_order_id, "no answer"))
    desk.wait(1)
    assert [child.quantity for child in slices(desk)] == [D("0.5"), D("0.5")]


def test_strategies_on_the_other_side_of_the_net_are_left_alone() -> None:
    desk = Desk()
    hold(desk, "0.5")
    hold(desk, "0.2", side=Side.SELL, strategy=OTHER)
    kill(desk, 4)
    [child] = slices(desk)
    assert (child.strategy, child.side, child.quantity) == (MOMENTUM, Side.SELL, D("0.3"))
    desk.fill(child, "0.3")
    desk.wait(2)
    assert desk.net() == 0
    assert len(slices(desk)) == 1


def test_a_strategy_alone_is_flattened_and_spot_too() -> None:
    desk = Desk()
    hold(desk, "0.5")
    hold(desk, "0.4", strategy=OTHER)
    hold(desk, "0.3", strategy=OTHER, account=TREND, instrument=SPOT)
    kill(desk, 4, strategy=OTHER)
    assert [(child.account, child.strategy, child.quantity) for child in slices(desk)] == [
        (ALPHA, OTHER, D("0.4")),
        (TREND, OTHER, D("0.3")),
    ]


def test_the_collar_of_slices_widens_in_steps_to_its_limit() -> None:
    desk = Desk()
    hold(desk, "0.1")
    wide = {"bid": 47_000.0, "ask": 53_000.0}  # 6 % from the mid, the collar is 2 %: the third step
    desk.engine.latch(OPEN.changed(Change(level=KillLevel(4), reason="drill", actor="ann", at=desk.wall)))

    def pass_seconds(count: int, **prices: float) -> None:
        for _ in range(count):
            desk.market += 1_000_000_000
            desk.quote(**prices)
            desk.market -= 1_000_000_000
            desk.wait(1, quotes=False)

    pass_seconds(20, **wide)
    assert slices(desk) == []
    pass_seconds(2, **wide)
    assert len(slices(desk)) == 1


def test_beyond_the_last_step_nothing_is_sold() -> None:
    desk = Desk()
    hold(desk, "0.1")
    desk.engine.latch(OPEN.changed(Change(level=KillLevel(4), reason="drill", actor="ann", at=desk.wall)))
    for _ in range(90):
        desk.market += 1_000_000_000
        desk.quote(40_000.0, 60_000.0)
        desk.market -= 1_000_000_000
        desk.wait(1, quotes=False)
    assert slices(desk) == []


def test_nobody_else_sends_at_level_4_or_in_the_name_of_a_kill() -> None:
    desk = Desk()
    hold(desk, "0.1")
    kill(desk, 4)
    for fields in (
        {},
        {"reduce_only": True, "side": Side.SELL, "parent_id": ParentId("kill-1")},
    ):
        answer = desk.do(IntentSubmitted(desk.intent(quantity="0.01", **fields))).answer
        assert answer is not None
        assert answer.code == ("bad_intent" if "parent_id" in fields else "kill")


def test_level_5_stops_slices_as_well() -> None:
    desk = Desk()
    hold(desk, "0.1")
    kill(desk, 5)
    desk.wait(3)
    assert slices(desk) == []


@pytest.mark.parametrize(
    ("release", "left"),
    [
        ({}, []),
        ({"account": ALPHA}, [(None, None, "binance_spot"), (TREND, None, None)]),
        (
            {"account": ALPHA, "strategy": OTHER},
            [(ALPHA, None, None), (None, None, "binance_spot"), (TREND, None, None)],
        ),
        ({"venue": "binance"}, [(ALPHA, None, None), (ALPHA, OTHER, None), (TREND, None, None)]),
    ],
)
def test_a_release_ends_its_scope_and_what_is_narrower(release: dict[str, Any], left: list[tuple[Any, ...]]) -> None:
    latch = OPEN
    scopes: list[dict[str, Any]] = [
        {"account": ALPHA},
        {"account": ALPHA, "strategy": OTHER},
        {"venue": "binance_spot"},
        {"account": TREND},
    ]
    for number, scope in enumerate([*scopes, release]):
        level = KillLevel(0 if number == len(scopes) else 2)
        latch = latch.changed(Change(level=level, reason="r", actor="ann", at=number, **scope))
    assert sorted((kill.scope for kill in latch.kills), key=str) == sorted(left, key=str)


def test_a_level_replaces_the_one_of_the_same_scope() -> None:
    latch = OPEN
    for at, level in enumerate((3, 1)):
        latch = latch.changed(Change(level=KillLevel(level), reason="r", actor="ann", at=at, account=ALPHA))
    assert [kill.level for kill in latch.kills] == [KillLevel.NO_NEW_RISK]


def test_a_revoked_account_is_known_whatever_the_strategy() -> None:
    latch = OPEN.changed(Change(level=KillLevel.REVOKE, reason="r", actor="ann", at=1, account=ALPHA))
    assert latch.revoked(ALPHA, "binance_usdm") is not None
    assert latch.revoked(AccountId("trend"), "binance_spot") is None


def flatten(desk: Desk) -> int:
    """Level 4 from now on; how many events there were before."""
    latch = desk.engine.core.watch.latch
    change = Change(level=KillLevel.FLATTEN, reason="drill", actor="ann", at=desk.wall)
    desk.engine.latch(latch.changed(change))
    return len(desk.events)


def test_nothing_is_sold_into_a_market_that_cannot_be_seen() -> None:
    desk = Desk()
    hold(desk, "0.5")
    desk.wait(40, quotes=False)
    before = flatten(desk)
    desk.wait(600, quotes=False)
    assert {"intent_received", "child_refused", "intent_refused"}.isdisjoint(desk.tags()[before:])
    desk.wait(1)
    assert [child.quantity for child in slices(desk)] == [D("0.5")]


def test_an_old_quote_is_not_sold_into_though_the_feed_talks() -> None:
    desk = Desk(replace(LIMITS, max_quote_age=1))
    hold(desk, "0.5")
    before = flatten(desk)
    desk.quote()
    desk.market += 2
    desk.do(Ticked())
    assert "intent_received" not in desk.tags()[before:]


@pytest.mark.parametrize("answer", ["rejected", "expired", "unknown"])
def test_slices_that_close_nothing_come_ever_more_seldom(answer: str) -> None:
    desk = Desk()
    hold(desk, "0.5")
    flatten(desk)
    for _ in range(600):
        desk.wait(1)
        for order in list(desk.engine.state.live_orders()):
            if order.status is not OrderStatus.PENDING_NEW:
                continue
            if answer == "rejected":
                desk.do(SubmitRefused(order.id, "x", "account is in liquidation"))
            elif answer == "expired":
                desk.report(order.child, OrderStatus.EXPIRED)
            else:
                desk.do(SubmitUncertain(order.id, "503"))
    assert len(slices(desk)) == (2 if answer == "unknown" else 14)
    if answer == "rejected":
        desk.wait(64)
        desk.fill(slices(desk)[-1], "0.2")
        desk.report(slices(desk)[-1], OrderStatus.CANCELED, "0.2")
        desk.wait(1)
        assert slices(desk)[-1].quantity == D("0.3"), "one that closed something ends the waiting"


def test_an_unknown_exit_of_spot_is_not_sent_over() -> None:
    desk = Desk()
    hold(desk, "0.5", account=TREND, instrument=SPOT)
    flatten(desk)
    desk.wait(1)
    [first] = slices(desk)
    desk.do(SubmitUncertain(first.client_order_id, "503"))
    desk.wait(120)
    assert slices(desk) == [first]


def test_a_release_is_journaled_though_the_clock_went_back() -> None:
    desk = Desk()
    kill(desk, 1)
    desk.wall -= 3_600_000_000_000
    kill(desk, 0)
    told = [event for event in desk.events if isinstance(event, KillChanged)]
    assert [event.level for event in told] == [1, 0]
    assert told[0].at < told[1].at


@pytest.mark.parametrize(
    ("algorithm", "reduce_only", "level", "acts"),
    [
        ("stop", True, 2, True),
        ("stop", True, 3, True),
        ("stop_limit", True, 3, True),
        ("trailing", True, 2, True),
        ("stop", False, 2, False),
        ("stop", True, 4, False),
        ("stop", True, 5, False),
        ("limit", True, 2, False),
    ],
)
def test_stops_that_are_watched_here_act_under_levels_2_and_3(
    algorithm: str, reduce_only: bool, level: int, acts: bool
) -> None:
    floor = Floor()
    hold(floor.desk, "0.5")
    floor._seen = len(floor.desk.sent)
    floor.trade(1)
    params = {"stop": {"trigger": "49000"}, "stop_limit": {"trigger": "49000"}, "trailing": {"offset": "500"}}
    limit = D(48_800) if algorithm == "stop_limit" else D(50_500) if algorithm == "limit" else None
    if algorithm != "limit":
        floor.start(
            algorithm, side=Side.SELL, reduce_only=reduce_only, params=params[algorithm], limit_price=limit
        ).run(2)
    floor.fills = False
    kill(floor.desk, level)
    before = len(floor.desk.submitted())
    if algorithm == "limit":
        floor.desk.do(
            IntentSubmitted(floor.desk.intent(Side.SELL, reduce_only=True, algorithm="limit", limit_price=limit))
        )
    floor.bid, floor.ask = 48_900.0, 48_900.1
    floor.trade(1, 48_900.0)
    floor.run(10)
    orders = floor.desk.engine.state.orders
    sent = [orders[name].child for name in floor.desk.submitted()[before:]]
    assert any(not child.parent_id.startswith(KILL_PARENT) for child in sent) == acts
    if level == 3:
        assert not {child.client_order_id for child in sent} & set(floor.desk.cancelled())
