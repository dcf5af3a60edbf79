"""`jtrader kill` against the real oms on the simulator: while the oms hangs, while it lives, and when its keys go."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from fixtures.simulator import Simulator
from fixtures.trading_floor import ALPHA, BTC, TREND, Floor, when
from jtrader.app.services.oms.rpc import OrderLine
from jtrader.domain.events import ChildAccepted, KillChanged
from jtrader.domain.ids import ClientOrderId, ParentId, StrategyId
from jtrader.domain.order import ChildOrder, OrderType, Side, TimeInForce, VenueOrder
from jtrader.domain.times import HOUR
from jtrader.ports.broker import Broker

QUOTES = 40
STRATEGIES = "\n".join(
    f'[[strategies]]\nname = "{name}"\nrule = "ma_cross"\naccount = "alpha"\ninstruments = ["{BTC}"]'
    for name in ("test", "other")
)


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Floor]:
    made = Floor(tmp_path_factory.mktemp("floor") / "desk", simulator, more=STRATEGIES)
    made.feed.start()
    made.oms.start()
    simulator.run(5.0)
    yield made
    simulator.pause()
    made.close()


def kill(floor: Floor, *words: str) -> Any:
    """The verb as a person types it; its figures."""
    command = [sys.executable, "-c", "from jtrader.app.cli import main; main()", "kill", *words, "--json"]
    done = subprocess.run(command, env=floor.environment, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def open_at_venue(floor: Floor) -> list[VenueOrder]:
    return list(floor.venue(ALPHA, lambda broker: broker.open_orders()))


def place_stop(floor: Floor, price: Decimal) -> ClientOrderId:
    """A native reduce-only stop under the whole position, past the oms."""
    stop = ChildOrder(
        client_order_id=ClientOrderId("protects"),
        parent_id=ParentId("protects"),
        strategy=StrategyId("test"),
        account=ALPHA,
        instrument=BTC,
        side=Side.SELL,
        type=OrderType.STOP,
        time_in_force=TimeInForce.GTC,
        quantity=Decimal("0.05"),
        price=None,
        reduce_only=True,
        ts=floor.simulator.now,
        trigger_price=price,
    )

    async def submit(broker: Broker) -> VenueOrder:
        return await broker.submit(stop)

    floor.venue(ALPHA, submit)
    return stop.client_order_id


def told(floor: Floor) -> str:
    lines = floor.ask("orders", list[OrderLine], limit=100)
    return "\n".join(f"{line.order.type} {line.order.quantity} {line.status} {line.reason}" for line in lines)


def accepted(floor: Floor) -> int:
    return sum(isinstance(entry.event, ChildAccepted) for entry in floor.journal())


def test_a_hung_oms_loses_its_quotes_and_keeps_its_stop(floor: Floor) -> None:
    floor.accepted(Side.BUY, "0.05")
    when(lambda: not floor.ask("orders", list[OrderLine], open_only=True), 60, floor.oms.log)
    [position] = floor.venue(ALPHA, lambda broker: broker.positions())
    bid = (position.mark * Decimal("0.97")).quantize(Decimal("0.1"))
    for number in range(QUOTES):
        floor.accepted(Side.BUY, "0.01", algorithm="limit", limit_price=bid - number)
    floor.accepted(Side.BUY, "1", algorithm="twap", end=floor.simulator.now + HOUR, params={"interval": 5})
    when(lambda: len(open_at_venue(floor)) >= QUOTES, 60, lambda: told(floor))
    stop = place_stop(floor, (position.mark * Decimal("0.8")).quantize(Decimal("0.1")))
    floor.oms.signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        [done] = kill(floor, "L3", "--account", "alpha", "--reason", "it hangs")
        print(
            f"kill L3: {done['cancelled']} orders in {done['seconds']:.2f} s, {time.monotonic() - begun:.2f} s in all"
        )
        assert [order.client_order_id for order in open_at_venue(floor)] == [stop]
        assert (done["account"], done["protective"], done["left"], done["trouble"]) == ("alpha", 1, [], "")
        assert done["cancelled"] >= QUOTES
        assert done["seconds"] <= 5
        sent = accepted(floor)
    finally:
        floor.oms.signal(signal.SIGCONT)
    when(lambda: not floor.ask("orders", list[OrderLine], open_only=True), 60, floor.oms.log)
    time.sleep(2)  # a TWAP's slice would be due again and again
    assert accepted(floor) == sent
    assert [order.client_order_id for order in open_at_venue(floor)] == [stop]
    _, refused = floor.submit(Side.BUY, "0.01")
    assert (refused.code, "it hangs" in refused.reason) == ("kill", True)
    assert floor.submit(Side.BUY, "0.01", TREND)[1].accepted, "the other account trades on"


def test_who_did_it_is_shown_and_journaled_and_released(floor: Floor) -> None:
    [shown] = kill(floor, "--status")["kills"]
    assert (shown["level"], shown["account"], shown["reason"]) == (3, "alpha", "it hangs")
    assert kill(floor, "L0", "--account", "alpha", "--reason", "it answers again") == []
    assert kill(floor, "--status")["kills"] == []

    def told() -> list[KillChanged]:
        return [entry.event for entry in floor.journal() if isinstance(entry.event, KillChanged)]

    when(lambda: len(told()) == 2, 30, floor.oms.log)
    assert [(event.level, event.reason) for event in told()] == [(3, "it hangs"), (0, "it answers again")]
    assert all(event.actor == shown["actor"] for event in told())


def test_level_4_closes_what_is_held_at_the_venue(floor: Floor) -> None:
    [done] = kill(floor, "L4", "--venue", "binance_usdm", "--reason", "home")
    assert done["protective"] == 1, "it stays until the position is closed"
    when(lambda: not floor.venue(ALPHA, lambda broker: broker.positions()), 60, floor.oms.log)
    assert kill(floor, "L0", "--reason", "done") == []


def test_a_strategy_is_found_in_the_journal_and_a_stranger_goes_with_the_account(floor: Floor) -> None:
    floor.venue(ALPHA, lambda broker: broker.cancel_all(BTC))
    when(lambda: floor.submit(Side.BUY, "0.01")[1].accepted, 60, floor.oms.log)
    [position] = floor.venue(ALPHA, lambda broker: broker.positions())
    bid = (position.mark * Decimal("0.97")).quantize(Decimal("0.1"))
    for name in ("test", "other"):
        floor.accepted(Side.BUY, "0.01", algorithm="limit", limit_price=bid, strategy=StrategyId(name))
    when(lambda: len(open_at_venue(floor)) == 2, 60, lambda: told(floor))
    floor.oms.signal(signal.SIGSTOP)
    try:
        key = json.loads((floor.home / "secrets" / "alpha.json").read_text())["key"]
        floor.simulator.order_by_hand(key, BTC, "buy", "0.02", price=str(bid))
        [done] = kill(floor, "L3", "--account", "alpha", "--strategy", "other", "--reason", "drill")
        assert done["cancelled"] == 1
        assert sorted(order.quantity for order in open_at_venue(floor)) == [Decimal("0.01"), Decimal("0.02")]
        [done] = kill(floor, "L3", "--account", "alpha", "--reason", "drill")
        assert done["cancelled"] == 2
        assert open_at_venue(floor) == []
    finally:
        floor.oms.signal(signal.SIGCONT)
    assert kill(floor, "L0", "--reason", "done") == []


def test_level_5_takes_the_keys_and_leaves_the_other_account(floor: Floor) -> None:
    kill(floor, "L5", "--account", "alpha", "--reason", "the key leaked")
    assert floor.oms.wait(30) == 1
    assert "kill level 5" in floor.oms.log()
    floor.oms.start()
    assert floor.submit(Side.BUY, "0.01", TREND)[1].accepted
    _, refused = floor.submit(Side.BUY, "0.01")
    assert (refused.code, "the key leaked" in refused.reason) == ("kill", True)


def test_a_scope_that_is_not_there_is_refused_and_nothing_is_latched(floor: Floor) -> None:
    before = (floor.home / "run" / "kill.json").read_bytes()
    command = [sys.executable, "-c", "from jtrader.app.cli import main; main()", "kill"]
    for words, says in (
        (("L3", "--account", "nobody", "--reason", "x"), "known: alpha, trend"),
        (("L3", "--venue", "bitmex", "--reason", "x"), "no account is on 'bitmex'"),
        (("L3",), "no reason is given"),
        (("L9", "--reason", "x"), "there are L0, L1"),
        (("L3", "--strategy", "nobody", "--reason", "x"), "is not in the settings"),
    ):
        done = subprocess.run([*command, *words], env=floor.environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2
        assert says in done.stderr
    assert (floor.home / "run" / "kill.json").read_bytes() == before
