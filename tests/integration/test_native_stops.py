"""A stop that the venue keeps outlives kill -9, is known again and cancelled, and what it fills is the strategy's."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from fixtures.simulator import Simulator
from fixtures.trading_floor import ALPHA, Floor, when
from jtrader.app.services.oms.rpc import OrderLine
from jtrader.domain.books import PositionState
from jtrader.domain.events import OrderFilled
from jtrader.domain.order import OrderType, Side, VenueOrder
from jtrader.engine.intents import Answer


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Floor]:
    made = Floor(tmp_path_factory.mktemp("floor") / "desk", simulator)
    made.feed.start()
    made.oms.start()
    simulator.run(5.0)
    yield made
    simulator.pause()
    made.close()


def submit(floor: Floor, side: Side, **more: object) -> Answer:
    return floor.ask("submit_intent", Answer, intent=floor.intent(side, "0.05", **more))


def working(floor: Floor) -> list[OrderLine]:
    return floor.ask("orders", list[OrderLine], open_only=True)


def at_the_venue(floor: Floor) -> list[VenueOrder]:
    return list(floor.venue(ALPHA, lambda broker: broker.open_orders()))


def stop(floor: Floor, below: float) -> OrderLine:
    """A sell stop that waits at the venue so much of the price below the market."""
    ticker = floor.simulator.get("fapi.binance.com", "/fapi/v1/ticker/bookTicker", symbol="BTCUSDT")
    params = {"trigger": f"{float(ticker['bidPrice']) * (1 - below):.1f}", "native": True}
    answer = submit(floor, Side.SELL, algorithm="stop", params=params, reduce_only=True)
    assert answer.accepted, answer
    when(lambda: [line.status for line in working(floor)] == ["new"], 30, floor.oms.log)
    return working(floor)[0]


def test_it_outlives_the_oms_and_does_not_lock_the_exit(floor: Floor) -> None:
    when(lambda: submit(floor, Side.BUY).accepted, 30, floor.oms.log)
    when(lambda: not working(floor), 30, floor.oms.log)
    line = stop(floor, 0.03)
    floor.oms.kill()
    assert [order.client_order_id for order in at_the_venue(floor)] == [line.order.client_order_id]
    floor.oms.start()
    when(lambda: [one.status for one in working(floor)] == ["new"], 30, floor.oms.log)
    assert working(floor)[0].order == line.order
    [there] = at_the_venue(floor)
    assert (there.type, there.trigger_price) == (OrderType.STOP, line.order.trigger_price)

    floor.ask("cancel_order", type(None), client_order_id=line.order.client_order_id, actor="ann", reason="nearer")
    when(lambda: not working(floor), 30, floor.oms.log)
    assert at_the_venue(floor) == []
    stop(floor, 0.03)
    assert submit(floor, Side.SELL, reduce_only=True).accepted, "the way out is open beside it"
    when(lambda: held(floor) == {}, 30, floor.oms.log)
    for one in working(floor):
        floor.ask("cancel_order", type(None), client_order_id=one.order.client_order_id, actor="ann", reason="flat")
    when(lambda: not working(floor), 30, floor.oms.log)


def test_what_it_fills_is_the_strategys(floor: Floor) -> None:
    when(lambda: submit(floor, Side.BUY).accepted, 30, floor.oms.log)
    when(lambda: not working(floor), 30, floor.oms.log)
    line = stop(floor, 0.0002)
    floor.simulator.run(120.0)
    when(lambda: not working(floor), 90, floor.oms.log)
    floor.simulator.run(5.0)
    assert held(floor) == {}
    events = [one.event for one in floor.journal() if isinstance(one.event, OrderFilled)]
    filled = [e.fill.quantity for e in events if e.fill.client_order_id == line.order.client_order_id]
    assert sum(filled) == Decimal("0.05")
    assert {event.origin for event in events} == {""}


def held(floor: Floor) -> dict[str, Decimal]:
    states = floor.ask("positions", list[PositionState])
    return {state.strategy: state.quantity for state in states if state.quantity}
