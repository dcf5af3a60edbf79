"""Intents that are refused before they become orders, sizing, signals, kills, cancels by people."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from fixtures.oms_desk import ALPHA, LIMITS, PERP, SPOT, TREND, Desk, rules_of, sequenced
from jtrader.domain.events import ChildRefused, IntentRefused, Sequenced
from jtrader.domain.ids import AccountId, InstrumentId, SignalId, StrategyId
from jtrader.domain.market import Candle
from jtrader.domain.order import OrderStatus, Side
from jtrader.domain.signal import ModelRef, Signal
from jtrader.engine.inputs import CancelAllAsked, IntentSubmitted
from jtrader.engine.intents import Answer
from jtrader.risk.kill import Kill, KillLevel, Latch
from jtrader.strategy.api import Target, View
from jtrader.strategy.targets import intent_for


@pytest.fixture
def desk() -> Desk:
    return Desk()


def ask(desk: Desk, signal: Signal | None = None, **fields: Any) -> Answer:
    answer = desk.do(IntentSubmitted(desk.intent(**fields), signal)).answer
    assert answer is not None
    return answer


def signal(**changes: Any) -> Signal:
    model = ModelRef(name="direction", version="3", artifact_hash="a", data_manifest="m", commit="c")
    made = Signal(
        signal_id=SignalId("s1"),
        strategy=StrategyId("momentum"),
        instrument=PERP,
        ts=1,
        prediction=0.6,
        features={"r1": 0.1},
        model=model,
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("unknown_account", {"account": AccountId("nobody")}),
        ("unknown_instrument", {"instrument": InstrumentId("binance_usdm:DOGEUSDT")}),
        ("unknown_instrument", {"instrument": SPOT}),
        ("unknown_algorithm", {"algorithm": "magic"}),
        ("bad_intent", {"algorithm": "limit"}),
        ("bad_intent", {"algorithm": "limit", "limit_price": Decimal("50000.05")}),
        ("bad_intent", {"algorithm": "limit", "limit_price": Decimal(-1)}),
        ("bad_intent", {"limit_price": Decimal(50_000)}),
        ("bad_intent", {"quantity": "0"}),
        ("bad_intent", {"quantity": "-1"}),
        ("bad_intent", {"quantity": "NaN"}),
        ("bad_intent", {"quantity": "1E+60"}),
        ("bad_intent", {"algorithm": "limit", "limit_price": Decimal("NaN")}),
        ("bad_intent", {"algorithm": "limit", "limit_price": Decimal("sNaN")}),
        ("bad_intent", {"algorithm": "limit", "limit_price": Decimal("Infinity")}),
        ("bad_intent", {"algorithm": "limit", "limit_price": Decimal("1E+60")}),
        ("dust", {"quantity": "0.0009"}),
        ("dust", {"side": Side.SELL, "reduce_only": True}),
    ],
)
def test_refused_before_it_is_an_order(desk: Desk, code: str, fields: dict[str, Any]) -> None:
    answer = ask(desk, **fields)
    assert (answer.accepted, answer.code) == (False, code)
    assert len(answer.reason) > 15
    refused = desk.events[-1]
    assert isinstance(refused, IntentRefused)
    assert (refused.code, refused.reason) == (answer.code, answer.reason)
    assert desk.sent == []
    assert desk.engine.state.parents == {}


def test_refused_by_the_gate_is_journaled_with_its_reason(desk: Desk) -> None:
    answer = ask(desk, quantity="50")
    assert answer.code == "order_notional"
    refused = desk.events[-1]
    assert isinstance(refused, ChildRefused)
    assert refused.reason == answer.reason
    assert desk.sent == []
    assert desk.engine.state.orders[refused.order.client_order_id].status is OrderStatus.REFUSED


def test_a_quantity_is_cut_down_to_lots(desk: Desk) -> None:
    assert desk.submit(quantity="0.1239").quantity == Decimal("0.123")


def test_a_signal_is_journaled_once_before_its_intents(desk: Desk) -> None:
    assert ask(desk, signal(), signal_id=SignalId("s1")).accepted
    assert ask(desk, signal(), signal_id=SignalId("s1")).accepted
    assert desk.tags()[2:] == [
        "signal_recorded",
        "intent_received",
        "child_accepted",
        "intent_received",
        "child_accepted",
    ]


def test_a_signal_of_something_else_is_refused(desk: Desk) -> None:
    assert ask(desk, signal(), signal_id=SignalId("s2")).code == "bad_intent"
    assert ask(desk, signal(instrument=SPOT), signal_id=SignalId("s1")).code == "bad_intent"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("where", ["prediction", "feature"])
def test_a_signal_that_the_journal_could_not_tell_again_is_refused(desk: Desk, number: float, where: str) -> None:
    spoilt = signal(prediction=number) if where == "prediction" else signal(features={"r1": number})
    assert ask(desk, spoilt, signal_id=SignalId("s1")).code == "bad_intent"
    written = [msgspec.json.encode(entry) for entry in sequenced(desk.events)]
    assert [msgspec.json.decode(entry, type=Sequenced).event for entry in written] == desk.events
    assert "signal_recorded" not in desk.tags()


def test_a_model_trades_only_where_it_is_allowed(desk: Desk) -> None:
    limited = signal(model=replace(signal().model, allowed_brokers=("paper",)))
    assert ask(desk, limited, signal_id=SignalId("s1")).code == "model_not_allowed"
    assert desk.sent == []


def test_orders_a_minute_are_counted_in_market_time() -> None:
    desk = Desk(replace(LIMITS, max_orders_per_minute=3))
    for _ in range(3):
        desk.submit(quantity="0.01")
    assert ask(desk, quantity="0.01").code == "order_rate"
    desk.wait(61)
    desk.submit(quantity="0.01")


def test_data_that_falls_silent_stops_orders_though_market_time_stands_still(desk: Desk) -> None:
    desk.wait(5, quotes=False)
    desk.market -= 5_000_000_000
    desk.submit()
    desk.wall += 11_000_000_000
    assert ask(desk).code == "stale_quote"


@pytest.mark.parametrize("level", [KillLevel.NO_NEW_RISK, KillLevel.NO_ORDERS, KillLevel.CANCEL_ALL])
def test_kill_levels(desk: Desk, level: KillLevel) -> None:
    held = desk.submit()
    desk.fill(held, "0.1")
    resting = desk.submit(algorithm="limit", limit_price=Decimal(49_900))
    desk.report(resting, OrderStatus.NEW)
    desk.engine.latch(Latch((Kill(level=level, reason="drill", actor="ann"),)))
    desk.wait(2)
    assert (desk.cancelled() != []) is (level is KillLevel.CANCEL_ALL)
    assert ask(desk).code == "kill"
    out = ask(desk, side=Side.SELL, reduce_only=True)
    assert out.accepted is (level is KillLevel.NO_NEW_RISK)
    assert desk.net() == Decimal("0.1")


def test_kill_three_cancels_each_order_once_and_then_waits_for_proof(desk: Desk) -> None:
    resting = desk.submit(algorithm="limit", limit_price=Decimal(49_900))
    desk.engine.latch(Latch((Kill(level=KillLevel.CANCEL_ALL, reason="drill", actor="ann"),)))
    desk.wait(3)
    assert desk.tags().count("cancel_requested") == 1
    assert desk.status(resting) is OrderStatus.PENDING_CANCEL


def test_cancel_all_of_one_account_leaves_the_others(desk: Desk) -> None:
    mine = desk.submit(algorithm="limit", limit_price=Decimal(49_900))
    other = desk.submit(account=TREND, instrument=SPOT, algorithm="limit", limit_price=Decimal(49_900))
    desk.do(CancelAllAsked(ALPHA, "test"))
    assert desk.cancelled() == [mine.client_order_id]
    assert desk.status(other) is OrderStatus.PENDING_NEW


def test_a_difference_with_the_venue_narrows_and_ends(desk: Desk) -> None:
    desk.engine.drifted(ALPHA, {PERP: "the venue holds 1, our books 0"})
    assert ask(desk).code == "narrowed"
    desk.engine.drifted(ALPHA, {})
    desk.submit()


def test_spot_sells_what_is_left_after_the_fee(desk: Desk) -> None:
    bought = desk.submit(account=TREND, instrument=SPOT, quantity="0.1")
    desk.fill(bought, "0.1", fee=Decimal("0.0001"), fee_asset="BTC")
    assert ask(desk, account=TREND, instrument=SPOT, side=Side.SELL, quantity="0.1").code == "spot_short"
    sold = desk.submit(Side.SELL, "0.1", account=TREND, instrument=SPOT, reduce_only=True)
    assert sold.quantity == Decimal("0.0999")


def test_a_strategy_leaves_a_spot_position_while_new_risk_is_stopped(desk: Desk) -> None:
    bought = desk.submit(account=TREND, instrument=SPOT, quantity="0.1")
    desk.fill(bought, "0.1", fee=Decimal("0.0001"), fee_asset="BTC")
    desk.engine.latch(Latch((Kill(level=KillLevel.NO_NEW_RISK, reason="drill", actor="ann"),)))
    desk.engine.drifted(TREND, {SPOT: "the venue holds 1, our books 0"})
    view = View(instrument=rules_of(SPOT), position=Decimal("0.0999"))
    candle = Candle(SPOT, desk.market, 50_000.0, 50_000.0, 50_000.0, 50_000.0, 1.0)
    intent = intent_for(Target(quantity=Decimal(0), reason="out"), view, candle, StrategyId("momentum"), TREND, 0)
    assert intent is not None
    assert desk.do(IntentSubmitted(intent)).answer == Answer(accepted=True)
    assert ask(desk, account=TREND, instrument=SPOT).code == "kill"
