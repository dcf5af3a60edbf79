"""The limits that the engine counts for: over instruments, strategies and accounts, in market time, past a restart."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import ALPHA, INSTRUMENTS, LIMITS, PERP, SPOT, START, TREND, Desk
from jtrader.domain.events import RiskLatched
from jtrader.domain.ids import InstrumentId, SignalId, StrategyId
from jtrader.domain.order import OrderStatus, Side
from jtrader.domain.signal import ModelRef, Signal
from jtrader.domain.times import SECOND
from jtrader.engine.engine import Engine
from jtrader.engine.inputs import CancelAllAsked, IntentSubmitted, SubmitUncertain
from jtrader.engine.intents import Answer
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


def test_more_cancels_than_their_share_of_orders_stop_new_ones() -> None:
    desk = desk_with(max_open_orders=1_000)
    for _ in range(60):
        desk.submit(algorithm="limit", limit_price=D(49_900), quantity="0.01")
    desk.do(CancelAllAsked(ALPHA, "test"))
    refused = ask(desk, quantity="0.01")
    assert (refused.code, "60 cancels of 60 orders" in refused.reason) == ("cancel_ratio", True)
    desk.wait(3601)
    assert ask(desk, quantity="0.01").accepted


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
