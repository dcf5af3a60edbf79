"""The limits that the engine counts for: over instruments, strategies and accounts, in market time, past a restart."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import ALPHA, INSTRUMENTS, LIMITS, PERP, SPOT, START, TREND, Desk
from fixtures.parents import Floor
from jtrader.domain.events import KillChanged, RiskLatched
from jtrader.domain.ids import InstrumentId, SignalId, StrategyId
from jtrader.domain.order import OrderStatus, ParentWish, Side
from jtrader.domain.signal import ModelRef, Signal
from jtrader.domain.times import SECOND
from jtrader.engine.engine import Engine
from jtrader.engine.inputs import CancelAllAsked, IntentSubmitted, ParentWished, SubmitUncertain
from jtrader.engine.intents import Answer
from jtrader.risk.kill import Change, KillLevel
from jtrader.risk.limits import ScopeLimits, StrategyLimits

D = Decimal
MODEL = ModelRef(name="direction", version="3", artifact_hash="a", data_manifest="m", commit="c")


def ask(desk: Desk, **fields: Any) -> Answer:
    answer = desk.do(IntentSubmitted(desk.intent(**fields))).answer
    assert answer is not None
    return answer


def desk_with(**changes: Any) -> Desk:
    return Desk(replace(LIMITS, **changes))


def test_the_same_again_is_refused_within_the_window_and_exits_are_not() -> None:
    desk = desk_with(duplicate_window=2 * SECOND)
    desk.fill(desk.submit(quantity="0.2"), "0.2")
    assert ask(desk, quantity="0.2").code == "duplicate_intent"
    for fields in ({"quantity": "0.1"}, {"quantity": "0.2", "strategy": StrategyId("other")}):
        assert ask(desk, **fields).accepted
    out = {"side": Side.SELL, "quantity": "0.001", "reduce_only": True}
    assert ask(desk, **out).accepted
    assert ask(desk, **out).accepted
    desk.wait(2)
    assert ask(desk, quantity="0.2").accepted


def test_an_old_signal_is_refused() -> None:
    desk = desk_with(max_signal_age=10 * SECOND)
    for number, (age, code) in enumerate([(10, ""), (11, "stale_signal")]):
        signal = Signal(
            signal_id=SignalId(f"s{number}"),
            strategy=StrategyId("momentum"),
            instrument=PERP,
            ts=START - age * SECOND,
            prediction=0.6,
            features={},
            model=MODEL,
        )
        answer = desk.do(IntentSubmitted(desk.intent(signal_id=signal.signal_id), signal)).answer
        assert answer is not None
        assert answer.code == code


def test_a_denied_instrument_is_refused_before_it_is_a_parent() -> None:
    desk = desk_with(deny=(PERP,))
    assert ask(desk).code == "symbol"
    assert desk.engine.state.parents == {}


def test_a_strategy_that_repeats_itself_stays_off_past_time_and_restart_until_it_is_released() -> None:
    desk = desk_with(max_repeats=3)
    for _ in range(3):
        desk.submit(quantity="0.01")
    assert ask(desk, quantity="0.01").code == "repeated"
    [latched] = [event for event in desk.events if isinstance(event, RiskLatched)]
    assert (latched.account, latched.strategy, latched.instrument, latched.side) == (ALPHA, "momentum", PERP, Side.BUY)
    assert ask(desk, quantity="0.01", strategy=StrategyId("other")).accepted
    assert ask(desk, quantity="0.01", side=Side.SELL).accepted
    desk.wait(120)
    again = desk.restarted()
    again.quote()
    refused = ask(again, quantity="0.01")
    assert refused.code == "repeated"
    assert "kill L0" in refused.reason


def test_cancels_count_in_the_budget_of_messages_and_for_the_ratio() -> None:
    desk = desk_with(max_messages_per_minute=4)
    for _ in range(2):
        desk.submit(algorithm="limit", limit_price=D(49_900), quantity="0.01")
    desk.do(CancelAllAsked(ALPHA, "test"))
    assert ask(desk, quantity="0.01").code == "message_budget"
    desk.wait(61)
    assert ask(desk, quantity="0.01").accepted


def sixty(actor: str) -> Desk:
    """Sixty resting orders whose parents `actor` cancels."""
    desk = desk_with(max_open_orders=1_000)
    orders = [desk.submit(algorithm="limit", limit_price=D(49_900), quantity="0.01") for _ in range(60)]
    for parent_id in [order.parent_id for order in orders]:
        desk.do(ParentWished(parent_id, ParentWish.CANCEL, actor, "changed my mind"))
    assert len(desk.cancelled()) == 60
    return desk


def test_a_strategy_that_takes_most_of_its_orders_back_is_stopped_for_an_hour() -> None:
    desk = sixty("momentum")
    refused = ask(desk, quantity="0.01")
    assert (refused.code, "took back 60 of 60 orders" in refused.reason) == ("cancel_ratio", True)
    assert ask(desk.restarted(), quantity="0.01").code == "cancel_ratio"
    desk.wait(3601)
    assert ask(desk, quantity="0.01").accepted


@pytest.mark.parametrize(
    ("scope", "is_released"),
    [
        ({}, True),
        ({"account": ALPHA}, True),
        ({"venue": "binance"}, True),
        ({"account": TREND}, False),
        ({"venue": "bitmex"}, False),
        ({"account": ALPHA, "strategy": StrategyId("momentum")}, False),
    ],
)
def test_a_release_of_the_account_counts_what_was_taken_back_anew(scope: dict[str, Any], is_released: bool) -> None:
    desk = sixty("momentum")
    event = KillChanged(ts=desk.market, at=desk.wall, level=0, reason="looked at it", actor="ann", **scope)
    desk.engine.core.emit(event)
    assert ask(desk, quantity="0.01").accepted == is_released


@pytest.mark.parametrize("who", ["a person", "cancel all", "kill"])
def test_what_people_and_kills_cancel_is_held_against_nobody(who: str) -> None:
    desk = sixty("ann") if who == "a person" else desk_with(max_open_orders=1_000)
    if who != "a person":
        for _ in range(60):
            desk.submit(algorithm="limit", limit_price=D(49_900), quantity="0.01")
        latch = desk.engine.core.watch.latch
        for level in (3, 0) if who == "kill" else ():
            change = Change(level=KillLevel(level), reason="drill", actor="ann", at=desk.wall)
            latch = latch.changed(change)
            desk.engine.latch(latch)
            desk.wait(1)
        if who == "cancel all":
            desk.do(CancelAllAsked(ALPHA, "test"))
    assert len(set(desk.cancelled())) == 60
    assert ask(desk, quantity="0.01").accepted


def test_an_algorithm_that_follows_the_market_does_not_lock_its_account() -> None:
    floor = Floor(desk_with(max_orders_per_minute=300)).start("best_limit", quantity="0.5")
    for second in range(300):
        if second % 2 == 0:
            floor.bid, floor.ask = floor.bid + 0.5, floor.ask + 0.5
        floor.run(1)
        floor.end_cancelled()
    assert len(floor.desk.cancelled()) > 90
    assert ask(floor.desk, quantity="0.01", strategy=StrategyId("other")).accepted
    assert "child_refused" not in floor.desk.tags()


def test_the_peaks_of_one_iceberg_are_one_wish() -> None:
    floor = Floor(desk_with(max_repeats=2))
    floor.start("iceberg", limit_price=D(50_000), params={"display": "0.01"})
    for _ in range(100):
        for order in floor.live:
            floor.desk.fill(order, str(order.quantity))
        floor.run(1)
    assert floor.parent.filled == D("0.5")
    assert floor.desk.engine.state.risk.latches == {}
    desk = floor.desk
    assert ask(desk, quantity="0.01").accepted
    assert ask(desk, quantity="0.01").accepted
    assert ask(desk, quantity="0.01").code == "repeated"


@pytest.mark.parametrize("ends", [OrderStatus.CANCELED, None])
def test_an_own_resting_order_is_not_met_while_it_may_live(ends: OrderStatus | None) -> None:
    desk = Desk()
    resting = desk.submit(algorithm="limit", limit_price=D(50_050), side=Side.SELL, quantity="0.1")
    desk.do(SubmitUncertain(resting.client_order_id, "no answer"))
    if ends is not None:
        desk.report(resting, ends)
    answer = ask(desk, algorithm="limit", limit_price=D(50_050), quantity="0.1")
    assert answer.code == ("" if ends else "self_trade")


def test_what_is_held_elsewhere_counts_for_gross_net_and_margin() -> None:
    other = replace(INSTRUMENTS[0], id=InstrumentId("binance_usdm:ETHUSDT"), base="ETH")
    for changes, code in (
        ({"max_gross_notional": D(9_000)}, "gross_exposure"),
        ({"max_net_notional": D(9_000)}, "net_exposure"),
        ({"leverage": D("0.09")}, "free_margin"),
        ({"leverage": D("0.2")}, ""),
    ):
        desk = desk_with(**changes)
        accounts = desk.engine.core.accounts.values()
        desk.engine = Engine((*INSTRUMENTS, other), accounts)
        desk.engine.core.emit(desk.events[0])
        desk.engine.core.take()
        desk.quote()
        quote = desk.engine.core.market.quotes[PERP]
        desk.engine.see(replace(quote, instrument=other.id), desk.wall)
        assert ask(desk, instrument=other.id, quantity="0.1").accepted
        assert ask(desk, quantity="0.1").code == code


def test_a_spot_buy_counts_what_working_and_unknown_buys_may_pay() -> None:
    desk = desk_with(max_position_notional=D(1_000_000), max_gross_notional=D(1_000_000), max_net_notional=D(1_000_000))
    spot: dict[str, Any] = {"account": TREND, "instrument": SPOT, "algorithm": "limit", "limit_price": D(49_900)}
    first = desk.submit(quantity="1", **spot)
    desk.do(SubmitUncertain(first.client_order_id, "no answer"))
    desk.submit(quantity="0.9", **spot)
    assert ask(desk, quantity="0.2", **spot).code == "free_balance"
    desk.report(first, OrderStatus.CANCELED)
    assert ask(desk, quantity="0.2", **spot).accepted


def test_a_strategy_and_a_market_have_limits_of_their_own() -> None:
    desk = Desk()
    [alpha, trend] = desk.engine.core.accounts.values()
    own = {StrategyId("momentum"): StrategyLimits(max_position_notional=D(6_000), max_orders_per_minute=2)}
    second = replace(alpha, id=TREND)
    market = ScopeLimits(max_gross_notional=D(12_000))
    desk.engine.core.accounts[ALPHA] = replace(alpha, strategies=own, venue_limits=market)
    desk.engine.core.accounts[TREND] = replace(second, venue_limits=market)
    assert trend.market != second.market
    desk.submit(quantity="0.1")
    refused = ask(desk, quantity="0.1")
    assert (refused.code, "strategy 'momentum'" in refused.reason) == ("position_notional", True)
    assert ask(desk, quantity="0.01").accepted
    assert ask(desk, quantity="0.001").code == "order_rate"
    others = {"account": TREND, "strategy": StrategyId("other")}
    assert ask(desk, quantity="0.1", **others).accepted
    refused = ask(desk, quantity="0.1", **others)
    assert (refused.code, "market binance_usdm" in refused.reason) == ("gross_exposure", True)
