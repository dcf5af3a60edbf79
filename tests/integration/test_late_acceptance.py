"""An exit whose answer comes late, whose request is held on its way, or that arrives twice: never two orders."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from fixtures.faults import Rule, faults, rule
from fixtures.simulator import Simulator
from fixtures.trading_floor import ALPHA, BTC, Floor, when
from jtrader.app.services.oms.rpc import OrderLine
from jtrader.domain.books import PositionState
from jtrader.domain.order import Fill, Side
from jtrader.domain.times import DAY, HOUR
from jtrader.engine.intents import Answer

SUBMIT: Rule = {"path": "/fapi/v1/order", "method": "POST", "times": 1}


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Floor]:
    made = Floor(tmp_path_factory.mktemp("floor") / "desk", simulator)
    made.feed.start()
    made.oms.start()
    simulator.run(5.0)
    yield made
    simulator.pause()
    made.close()


def settle(floor: Floor) -> None:
    when(lambda: not floor.ask("orders", list[OrderLine], open_only=True), 90, floor.oms.log)


def at_the_venue(floor: Floor) -> tuple[Decimal, list[Fill]]:
    held = floor.venue(ALPHA, lambda broker: broker.positions())
    start, end = floor.simulator.now - DAY, floor.simulator.now + HOUR
    fills = floor.venue(ALPHA, lambda broker: broker.fills(BTC, start, end))
    return sum((one.quantity for one in held), Decimal(0)), list(fills)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (rule("hold", SUBMIT, seconds=12, part="reply"), "filled"),
        (rule("hold", SUBMIT, seconds=12, part="request"), "rejected"),
        (rule("duplicate", SUBMIT, copies=2), "filled"),
    ],
    ids=["late answer", "held request", "arrives twice"],
)
def test_one_exit_is_one_order(floor: Floor, fault: Rule, status: str) -> None:
    before, _ = at_the_venue(floor)
    if not before:
        assert floor.ask("submit_intent", Answer, intent=floor.intent(Side.BUY, "0.2")).accepted
        settle(floor)
    intent = floor.intent(Side.SELL, "0.2", reduce_only=True)
    with faults(floor.simulator, fault):
        assert floor.ask("submit_intent", Answer, intent=intent).accepted
        for _ in range(3):  # forced: the same wish again is the same order
            assert floor.ask("submit_intent", Answer, intent=intent).accepted
        settle(floor)
    lines = [one for one in floor.ask("orders", list[OrderLine]) if one.order.parent_id == intent.parent_id]
    assert [one.status for one in lines] == [status], [one.reason for one in lines]
    held, fills = at_the_venue(floor)
    own = [one for one in fills if one.client_order_id == lines[0].order.client_order_id]
    assert sum(one.quantity for one in own) == (Decimal("0.2") if status == "filled" else 0)
    assert held == (0 if status == "filled" else Decimal("0.2"))
    books = [state for state in floor.ask("positions", list[PositionState]) if state.account == ALPHA]
    assert {state.strategy: state.quantity for state in books} == {"test": held}, "nothing is UNASSIGNED"
