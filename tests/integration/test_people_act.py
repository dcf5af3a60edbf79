"""People act: one closes a position past the desk, with a client of his own; others use the verbs of the desk."""

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from time import monotonic

import pytest

from fixtures.ccxt_binance import ccxt_clients
from fixtures.faults import faults, rule
from fixtures.simulator import StartSimulator
from fixtures.trading_floor import ALPHA, BTC, TREND, Floor, when
from jtrader.app.jobs.reconcile import reconcile_day
from jtrader.app.services.heartbeat import read_health
from jtrader.app.services.oms.rpc import OrderLine
from jtrader.app.settings import load_settings
from jtrader.domain.books import PositionState
from jtrader.domain.events import OrderFilled, OrderResolved, PositionAssigned
from jtrader.domain.order import Side
from jtrader.domain.times import DAY
from jtrader.engine.intents import Answer

WITHIN = 5.0


@pytest.fixture
def floor(tmp_path, start_simulator: StartSimulator, postgres: str) -> Iterator[Floor]:
    made = Floor(tmp_path / "desk", start_simulator(live_start="2026-01-15T16:05:00Z", live_minutes=30), postgres)
    made.feed.start()
    made.oms.start()
    made.simulator.run(5.0)
    yield made
    made.simulator.pause()
    made.close()
    made.simulator.stop()


def submit(floor: Floor, side: Side, quantity: str, **more: object) -> Answer:
    return floor.ask("submit_intent", Answer, intent=floor.intent(side, quantity, **more))


def settle(floor: Floor) -> None:
    when(lambda: not floor.ask("orders", list[OrderLine], open_only=True), 60, floor.oms.log)


def books(floor: Floor) -> dict[str, Decimal]:
    states = floor.ask("positions", list[PositionState])
    return {state.strategy: state.quantity for state in states if state.account == ALPHA and state.quantity}


def at_the_venue(floor: Floor) -> Decimal:
    held = floor.venue(ALPHA, lambda broker: broker.positions())
    return sum((one.quantity for one in held), Decimal(0))


def say(floor: Floor, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from jtrader.app.cli import main; main()", *words],
        env=floor.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout if done.returncode == 0 else f"exit {done.returncode}: {done.stderr}"


def test_a_human_closes_by_phone(floor: Floor, postgres: str) -> None:
    assert submit(floor, Side.BUY, "0.3").accepted
    settle(floor)
    keys = json.loads((floor.home / "secrets" / "alpha.json").read_text())
    with ccxt_clients(floor.simulator.uri, keys["key"], keys["secret"]) as clients:
        clients["usdm"].order("market", "sell", 0.3)
    phoned = monotonic()
    refusals = set()
    while "UNASSIGNED" not in books(floor):
        answer = submit(floor, Side.SELL, "0.3", reduce_only=True)
        assert at_the_venue(floor) >= 0
        assert monotonic() < phoned + WITHIN, floor.oms.log()
        refusals.add(answer.code)
    assert books(floor) == {"test": Decimal("0.3"), "UNASSIGNED": Decimal("-0.3")}
    assert submit(floor, Side.SELL, "0.3", reduce_only=True).code == "dust", "nothing is left to reduce"
    refused = submit(floor, Side.SELL, "0.3")
    assert refused.code == "narrowed"
    assert "jtrader positions assign" in refused.reason
    assert at_the_venue(floor) == 0
    health = read_health(floor.home, "oms")
    assert health is not None
    when(lambda: f"alpha {BTC}" in read_health(floor.home, "oms").detail["narrowed"], 5, floor.oms.log)
    assert "was not ordered here" in floor.oms.log()

    assert f"alpha {BTC} takes no new risk: -0.3 of the position is UNASSIGNED" in say(floor, "positions")
    assert "no strategy 'tets' trades on account 'alpha'; known: test" in say(
        floor, "positions", "assign", BTC, "--account", "alpha", "--to", "tets", "--reason", "a slip"
    )
    said = say(floor, "positions", "assign", BTC, "--account", "alpha", "--to", "test", "--reason", "closed by phone")
    assert said.startswith("assigned to test")
    [assigned] = [one.event for one in floor.journal() if isinstance(one.event, PositionAssigned)]
    assert (assigned.quantity, assigned.reason) == (Decimal("-0.3"), "closed by phone")
    assert assigned.actor
    assert books(floor) == {}
    assert submit(floor, Side.BUY, "0.05").accepted
    settle(floor)
    assert books(floor) == {"test": at_the_venue(floor)} == {"test": Decimal("0.05")}
    floor.oms.kill()
    floor.oms.start()
    assert books(floor) == {"test": Decimal("0.05")}

    floor.simulator.pause()
    floor.simulator.jump((floor.simulator.now // DAY + 1) * DAY)
    settings = load_settings(home=floor.home, simulator_uri=floor.simulator.uri, postgres_uri=postgres)
    [alpha] = [one for one in reconcile_day("2026-01-15", settings=settings).statements if one.account == ALPHA]
    assert (alpha.verdict, alpha.breaks) == ("Clean", ())


def test_the_venue_closes_by_itself(floor: Floor) -> None:
    """A deleveraging: booked at once, labelled, told, and the instrument takes no new risk."""
    assert submit(floor, Side.BUY, "0.2").accepted
    settle(floor)
    key = json.loads((floor.home / "secrets" / "alpha.json").read_text())["key"]
    [held] = floor.venue(ALPHA, lambda broker: broker.positions())
    floor.simulator.mishap("adl", key, BTC, quantity="0.1", price=str(held.mark.quantize(Decimal("0.1"))))
    when(lambda: books(floor).get("UNASSIGNED") == Decimal("-0.1"), WITHIN, floor.oms.log)
    assert submit(floor, Side.BUY, "0.05").code == "narrowed"
    [origin] = [one.event.origin for one in floor.journal() if isinstance(one.event, OrderFilled) and one.event.origin]
    assert origin.startswith("adl adl_autoclose")
    when(lambda: "adl adl_autoclose" in floor.oms.log(), 5)
    assert submit(floor, Side.SELL, "0.2", reduce_only=True).accepted, "the way out is open"
    settle(floor)
    assert at_the_venue(floor) == 0
    assert books(floor) == {"test": Decimal("0.1"), "UNASSIGNED": Decimal("-0.1")}


def test_people_place_cancel_and_resolve(floor: Floor) -> None:
    assert "not a decimal number" in say(floor, "orders", "place", "alpha", BTC, "buy", "x", "--reason", "r")
    assert "not one of buy, sell" in say(floor, "orders", "place", "alpha", BTC, "up", "1", "--reason", "r")
    [bid] = [float(row["bidPrice"]) for row in [ticker(floor)]]
    limit = str(round(bid * 0.99))
    said = say(floor, "orders", "place", "alpha", BTC, "buy", "0.01", "--limit", limit, "--reason", "a try")
    assert said.startswith("accepted"), said
    [line] = floor.ask("orders", list[OrderLine], open_only=True)
    assert line.order.strategy == "manual"
    name = line.order.client_order_id
    nearer = str(round(bid * 0.992))
    assert "--price, --quantity" in say(floor, "orders", "amend", name, "--reason", "r")
    assert "is on its way" in say(floor, "orders", "amend", name, "--price", nearer, "--reason", "nearer")
    when(lambda: working(floor) == [(name, Decimal(nearer))], 20, floor.oms.log)
    [there] = floor.venue(ALPHA, lambda broker: broker.open_orders())
    assert (there.client_order_id, there.price) == (name, Decimal(nearer)), "in place"
    assert "only an order that is unknown" in say(floor, "orders", "resolve", name, "--absent", "--reason", "r")
    assert "either --absent or --filled" in say(floor, "orders", "resolve", name, "--reason", "r")
    assert "is on its way" in say(floor, "orders", "cancel", name, "--reason", "enough")
    settle(floor)
    assert "is canceled" in say(floor, "orders", "cancel", name, "--reason", "again")
    assert "name one order, or say --all" in say(floor, "orders", "cancel", "--reason", "r")
    place = ("orders", "place", "alpha", BTC, "buy", "0.01", "--limit", limit, "--reason", "a try")
    assert say(floor, *place).startswith("accepted")
    assert "the cancels of 1 orders" in say(floor, "orders", "cancel", "--all", "--account", "alpha", "--reason", "out")
    settle(floor)
    story = say(floor, "why", name)
    for part in ("Strategy manual wanted to buy 0.01", "The risk gate let it out", "(enough)", "It ended: canceled"):
        assert part in story

    lost = rule("drop", {"path": "/fapi/v1/order", "method": "POST", "times": 1})
    with faults(floor.simulator, lost):
        assert submit(floor, Side.BUY, "0.01").accepted
        when(lambda: unknown(floor) != [], 30, floor.oms.log)
        [order] = unknown(floor)
        name = order.order.client_order_id
        said = say(floor, "orders", "resolve", name, "--absent", "--reason", "asked support")
        assert said == f"order {name} is resolved as absent\n"
    assert floor.ask("orders", list[OrderLine], open_only=True) == []
    [event] = [one.event for one in floor.journal() if isinstance(one.event, OrderResolved)]
    assert (event.client_order_id, event.outcome, event.reason) == (name, "absent", "asked support")
    assert not any(isinstance(one.event, OrderFilled) for one in floor.journal())


def test_where_nothing_is_changed_in_place_the_rest_goes_out_anew(floor: Floor) -> None:
    bid = float(floor.simulator.get("api.binance.com", "/api/v3/ticker/bookTicker", symbol="BTCUSDT")["bidPrice"])
    first, second = Decimal(round(bid * 0.99)), Decimal(round(bid * 0.992))
    wish = {"account": TREND, "algorithm": "limit", "limit_price": first}
    when(lambda: submit(floor, Side.BUY, "0.01", **wish).accepted, 20, floor.oms.log)  # once there is a quote
    when(lambda: [one.status for one in floor.ask("orders", list[OrderLine], open_only=True)] == ["new"], 20)
    [(name, price)] = working(floor)
    assert price == first
    assert "is on its way" in say(floor, "orders", "amend", name, "--price", str(second), "--reason", "nearer")
    when(lambda: [price for _, price in working(floor)] == [second], 20, floor.oms.log)
    when(lambda: len(floor.venue(TREND, lambda broker: broker.open_orders())) == 1, 20)
    [there] = floor.venue(TREND, lambda broker: broker.open_orders())
    assert (there.client_order_id != name, there.price) == (True, second)
    ended = [one for one in floor.ask("orders", list[OrderLine]) if one.status not in ("refused", "new")]
    assert [(one.order.client_order_id, one.status) for one in ended] == [(name, "canceled")]


def working(floor: Floor) -> list[tuple[str, Decimal | None]]:
    lines = floor.ask("orders", list[OrderLine], open_only=True)
    return [(line.order.client_order_id, line.order.price) for line in lines]


def unknown(floor: Floor) -> list[OrderLine]:
    return [line for line in floor.ask("orders", list[OrderLine], open_only=True) if line.status == "unknown"]


def ticker(floor: Floor) -> dict[str, str]:
    return floor.simulator.get("fapi.binance.com", "/fapi/v1/ticker/bookTicker", symbol="BTCUSDT")
