"""Orders under a venue's faults, on the real processes: whatever is lost, late, doubled or denied, the books are the
venue's in the end and nothing goes out twice. Numbers are those of the desk's list of faults."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from fixtures.faults import Rule, faults, rule
from fixtures.simulator import Simulator
from fixtures.trading_floor import ALPHA, BTC, Floor, when
from jtrader.app.services.heartbeat import read_health
from jtrader.app.services.oms.rpc import OrderLine
from jtrader.domain.books import PositionState
from jtrader.domain.events import OrderFilled
from jtrader.domain.money import ZERO
from jtrader.domain.order import Side
from jtrader.domain.times import DAY, HOUR
from jtrader.engine.intents import Answer

SUBMIT: Rule = {"path": "/fapi/v1/order", "method": "POST", "times": 1}
CANCEL: Rule = {"path": "/fapi/v1/order", "method": "DELETE", "times": 1}
FILL: Rule = {"topic": "ORDER_TRADE_UPDATE", "text": '"x":"TRADE"', "times": 1}
OVERLOADED = (
    '{"code":-1008,"msg":"Server is currently overloaded with other requests. Please try again in a few minutes."}'
)


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Floor]:
    made = Floor(tmp_path_factory.mktemp("floor") / "desk", simulator)
    made.feed.start()
    made.oms.start()
    simulator.run(5.0)
    yield made
    simulator.pause()
    made.close()


def submit(floor: Floor, **more: object) -> str:
    """The parent's id, once it is accepted: at the start there may be no quote yet."""
    accepted: list[str] = []

    def try_it() -> bool:
        intent = floor.intent(Side.BUY, "0.02", **more)
        accepted.extend([intent.parent_id] if floor.ask("submit_intent", Answer, intent=intent).accepted else [])
        return bool(accepted)

    when(try_it, 30, floor.oms.log)
    return accepted[0]


def settle(floor: Floor) -> None:
    when(lambda: not floor.ask("orders", list[OrderLine], open_only=True), 60, floor.oms.log)


def children(floor: Floor, parent: str) -> list[OrderLine]:
    return [line for line in floor.ask("orders", list[OrderLine]) if line.order.parent_id == parent]


def check_against_the_venue(floor: Floor) -> None:
    held = {p.instrument: p.quantity for p in floor.venue(ALPHA, lambda broker: broker.positions())}
    states = [state for state in floor.ask("positions", list[PositionState]) if state.account == ALPHA]
    assert {state.strategy for state in states} <= {"test"}
    assert sum((state.quantity for state in states), ZERO) == held.get(BTC, ZERO)
    start, end = floor.simulator.now - DAY, floor.simulator.now + HOUR
    fills = floor.venue(ALPHA, lambda broker: broker.fills(BTC, start, end))
    booked = [one.event.fill for one in floor.journal() if isinstance(one.event, OrderFilled)]
    assert sorted(fill.trade_id for fill in booked) == sorted(fill.trade_id for fill in fills)
    assert floor.venue(ALPHA, lambda broker: broker.open_orders()) == []


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        pytest.param(rule("answer", SUBMIT, status=503, body="unavailable", after=True), "filled", id="3 unknown 503"),
        pytest.param(rule("answer", SUBMIT, status=503, body=OVERLOADED), "rejected", id="4 definite 503"),
        pytest.param(rule("hold", SUBMIT, seconds=0.5, part="reply"), "filled", id="6 fill before the answer"),
        pytest.param(rule("duplicate", FILL), "filled", id="7 fill told twice"),
        pytest.param(rule("drop", FILL), "filled", id="9 fill lost by the stream"),
    ],
)
def test_a_market_order(floor: Floor, fault: Rule, status: str) -> None:
    with faults(floor.simulator, fault):
        parent = submit(floor)
        settle(floor)
    [line] = children(floor, parent)
    assert (line.status, Decimal(line.filled)) == (status, Decimal("0.02") if status == "filled" else 0), line.reason
    check_against_the_venue(floor)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        pytest.param(rule("fill", CANCEL, share=1.0), "filled", id="10 it fills before the cancel"),
        pytest.param(rule("hold", CANCEL, seconds=12, part="reply"), "canceled", id="11 the cancel's answer is lost"),
        pytest.param(rule("drop", CANCEL), "canceled", id="11 the cancel is lost"),
    ],
)
def test_a_cancel(floor: Floor, fault: Rule, status: str) -> None:
    ticker = floor.simulator.get("fapi.binance.com", "/fapi/v1/ticker/bookTicker", symbol="BTCUSDT")
    price = Decimal(round(float(ticker["bidPrice"]) * 0.99))
    parent = submit(floor, algorithm="limit", limit_price=price)
    when(lambda: [line.status for line in children(floor, parent)] == ["new"], 30, floor.oms.log)
    [line] = children(floor, parent)
    with faults(floor.simulator, fault):
        floor.ask("cancel_order", type(None), client_order_id=line.order.client_order_id, actor="ann", reason="enough")
        settle(floor)
    assert [line.status for line in children(floor, parent)] == [status]
    check_against_the_venue(floor)


def test_nothing_was_odd_enough_to_be_told(floor: Floor) -> None:
    health = read_health(floor.home, "oms")
    assert health is not None
    assert (health.detail["narrowed"], health.detail["unknown"], health.detail["failures"]) == ({}, 0, {})
    assert "Traceback" not in floor.oms.log()
