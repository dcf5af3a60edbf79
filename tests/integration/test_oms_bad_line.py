"""Answers and requests lost on the line to a real server: no order goes out twice, none is forgotten."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from fixtures.bad_line import BadLine, bad_line
from fixtures.simulator import Simulator
from fixtures.trading_floor import ALPHA, BTC, Floor, when
from jtrader.app.services.oms.rpc import OrderLine
from jtrader.domain.order import Side
from jtrader.domain.times import HOUR


@pytest.fixture(scope="module")
def line(simulator: Simulator) -> Iterator[BadLine]:
    with bad_line(simulator.uri) as made:
        yield made


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator, line: BadLine) -> Iterator[Floor]:
    made = Floor(tmp_path_factory.mktemp("floor") / "desk", simulator)
    made.oms.environment["JTRADER_SIMULATOR_URI"] = line.uri
    made.feed.start()
    made.oms.start()
    simulator.run(2.0)
    yield made
    simulator.pause()
    made.close()


def test_the_answer_is_lost_and_the_order_lives(floor: Floor, line: BadLine) -> None:
    line.mode, line.hits = "answer", 0
    intent = floor.accepted(Side.BUY, "0.02")
    when(lambda: order_of(floor, intent.parent_id).status == "filled", 30, floor.oms.log)
    line.mode = ""
    assert line.hits == 1
    assert venue_position(floor) == Decimal("0.02")


def test_the_request_is_lost_and_the_order_is_proven_absent(floor: Floor, line: BadLine) -> None:
    line.mode, line.hits = "request", 0
    intent = floor.accepted(Side.BUY, "0.03")
    when(lambda: order_of(floor, intent.parent_id).status == "unknown", 30, floor.oms.log)
    line.mode = ""
    when(lambda: order_of(floor, intent.parent_id).status == "rejected", 60, floor.oms.log)
    assert "absent" in order_of(floor, intent.parent_id).reason
    assert line.hits == 1
    assert venue_position(floor) == Decimal("0.02")
    now = floor.simulator.now
    fills = floor.venue(ALPHA, lambda broker: broker.fills(BTC, now - HOUR, now + HOUR))
    assert sum(fill.quantity for fill in fills) == Decimal("0.02")


def test_an_exit_over_an_unknown_exit_cannot_flip_the_account(floor: Floor, line: BadLine) -> None:
    line.mode, line.hits = "answer", 0
    floor.accepted(Side.SELL, "0.02", reduce_only=True)
    line.mode = ""
    floor.submit(Side.SELL, "0.02", reduce_only=True)
    when(lambda: not floor.ask("orders", list[OrderLine], open_only=True), 60, floor.oms.log)
    assert venue_position(floor) == 0


def order_of(floor: Floor, parent: str) -> OrderLine:
    [line] = [o for o in floor.ask("orders", list[OrderLine]) if o.order.parent_id == parent]
    return line


def venue_position(floor: Floor) -> Decimal:
    held = floor.venue(ALPHA, lambda broker: broker.positions())
    return sum((p.quantity for p in held), Decimal(0))
