"""The oms as a process against the simulated exchange: it trades, is killed, comes back, and its books are the
venue's."""

import asyncio
import os
import signal
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import psycopg2
import pytest

from fixtures.simulator import Simulator
from fixtures.trading_floor import ALPHA, BTC, ETH, SPOT_BTC, TREND, Floor, Service, when
from jtrader.app.services.heartbeat import read_health
from jtrader.app.services.oms.rpc import FillLine, OrderLine
from jtrader.bus.oms_events import EventSubscriber
from jtrader.bus.rpc import RpcClient
from jtrader.domain.account import EntryKind
from jtrader.domain.books import PnlPoint, PositionState
from jtrader.domain.errors import BadInput
from jtrader.domain.events import ChildAccepted, EntryBooked, OrderFilled, Sequenced
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.domain.money import ZERO
from jtrader.domain.order import Fill, Side
from jtrader.domain.times import DAY, HOUR, MINUTE
from jtrader.engine.intents import Answer


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator, module_postgres: str) -> Iterator[Floor]:
    made = Floor(tmp_path_factory.mktemp("floor") / "desk", simulator, module_postgres)
    made.feed.start()
    made.oms.start()
    simulator.run(5.0)
    yield made
    simulator.pause()
    made.close()


def settled(floor: Floor) -> bool:
    return not floor.ask("orders", list[OrderLine], open_only=True)


def settle(floor: Floor) -> None:
    """Until nothing works any more."""
    when(lambda: settled(floor), 60, lambda: f"orders stay open:\n{floor.oms.log()}")


def ours(floor: Floor, account: AccountId) -> dict[InstrumentId, Decimal]:
    """Net positions by our books."""
    net: dict[InstrumentId, Decimal] = {}
    for state in floor.ask("positions", list[PositionState]):
        if state.account == account:
            net[state.instrument] = net.get(state.instrument, ZERO) + state.quantity
    return {name: quantity for name, quantity in net.items() if quantity}


def check_against_the_venue(floor: Floor) -> None:
    """Positions, fills and orders are the venue's, one for one."""
    held = {p.instrument: p.quantity for p in floor.venue(ALPHA, lambda broker: broker.positions())}
    assert ours(floor, ALPHA) == held
    coins = {b.asset: b.total for b in floor.venue(TREND, lambda broker: broker.balances())}
    assert ours(floor, TREND).get(SPOT_BTC, ZERO) == coins.get("BTC", ZERO)
    events = [entry.event for entry in floor.journal()]
    booked = [(e.fill.instrument, e.fill.trade_id) for e in events if isinstance(e, OrderFilled)]
    assert len(booked) == len(set(booked))
    assert sorted(booked) == sorted((name, fill.trade_id) for name, fill in venue_fills(floor))


def test_intents_become_fills(floor: Floor) -> None:
    for account, quantity in ((ALPHA, "0.05"), (TREND, "0.02")):
        floor.accepted(Side.BUY, quantity, account)
    settle(floor)
    fills = floor.ask("fills", list[FillLine])
    assert {line.strategy for line in fills} == {"test"}
    assert sum(line.fill.quantity for line in fills if line.fill.account == ALPHA) == Decimal("0.05")
    assert {point.asset for point in floor.ask("pnl", list[PnlPoint])} == {"USDT"}
    check_against_the_venue(floor)


def test_refusals_come_back_with_code_and_reason(floor: Floor) -> None:
    _, answer = floor.submit(Side.BUY, "50")
    assert (answer.accepted, answer.code) == (False, "order_notional")
    _, answer = floor.submit(Side.BUY, "0.1", account=AccountId("nobody"), instrument=BTC)
    assert answer.code == "unknown_account"
    with pytest.raises(BadInput, match="strategy"):
        floor.ask("submit_intent", Answer, intent={"parent_id": "x"})


def test_events_are_published_and_lost_ones_fetched(floor: Floor) -> None:
    async def follow() -> list[Sequenced]:
        client = RpcClient(floor.rpc_uri)

        async def fetch(after: int) -> list[Sequenced]:
            return await client.call("events_since", list[Sequenced], {"seq": after, "limit": 3})

        subscriber = EventSubscriber(floor.events_uri, fetch, after=1)
        seen: list[Sequenced] = []
        intent = floor.intent(Side.BUY, "0.01")
        try:
            async with asyncio.timeout(30):
                task = asyncio.create_task(client.call("submit_intent", Answer, {"intent": intent}))
                async for entry in subscriber:
                    seen.append(entry)
                    if isinstance(entry.event, OrderFilled) and task.done() and _closes(seen, intent.parent_id):
                        break
        finally:
            subscriber.close()
            await client.close()
        return seen

    seen = asyncio.run(follow())
    assert [entry.seq for entry in seen] == list(range(2, len(seen) + 2))
    assert seen == floor.journal()[1 : len(seen) + 1]


def _closes(seen: list[Sequenced], parent: str) -> bool:
    ours = {
        e.event.order.client_order_id
        for e in seen
        if isinstance(e.event, ChildAccepted) and e.event.order.parent_id == parent
    }
    return any(isinstance(e.event, OrderFilled) and e.event.fill.client_order_id in ours for e in seen)


def test_a_second_oms_is_refused_and_told_the_pid(floor: Floor) -> None:
    second = Service("oms", floor.home, floor.environment)
    second.start(ready=False)
    assert second.wait(60) == 1
    assert f"is written by process {floor.oms.pid};" in second.log()
    floor.accepted(Side.BUY, "0.01")


def test_killed_again_and_again_while_trading(floor: Floor) -> None:
    """kill -9 between any two steps: after each restart the books are the venue's and no order went out twice."""
    for turn in range(3):
        asyncio.run(burst_then_kill(floor, turn))
        floor.oms.kill()
        floor.oms.start()
        settle(floor)
        check_against_the_venue(floor)
    accepted = [e.event.order for e in floor.journal() if isinstance(e.event, ChildAccepted)]
    assert len({order.client_order_id for order in accepted}) == len(accepted)
    assert len({order.parent_id for order in accepted}) == len(accepted)
    filled = {fill.client_order_id for _, fill in venue_fills(floor)}
    assert filled <= {order.client_order_id for order in accepted}, "the venue filled an order that is not on disk"


async def burst_then_kill(floor: Floor, turn: int) -> None:
    """Eight intents at once; some milliseconds later the oms is gone, each turn a little later."""
    client = RpcClient(floor.rpc_uri, timeout=2)
    sides = [Side.BUY if (turn + i) % 3 else Side.SELL for i in range(8)]
    intents = [floor.intent(side, "0.01", instrument=(BTC, ETH)[i % 2]) for i, side in enumerate(sides)]
    try:
        calls = [asyncio.create_task(client.call("submit_intent", Answer, {"intent": intent})) for intent in intents]
        await asyncio.sleep(0.004 * (turn + 1))
        os.kill(floor.oms.pid, signal.SIGKILL)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    finally:
        await client.close()


def venue_fills(floor: Floor) -> list[tuple[InstrumentId, Fill]]:
    """Every fill that the venue has of the desk, past the oms."""
    start, end = floor.simulator.now - DAY, floor.simulator.now + HOUR
    found: list[tuple[InstrumentId, Fill]] = []
    for account, name in ((ALPHA, BTC), (ALPHA, ETH), (TREND, SPOT_BTC)):
        fills = floor.venue(account, lambda broker, name=name: broker.fills(name, start, end))
        found += [(name, fill) for fill in fills]
    return found


def test_funding_is_booked_from_the_venues_entry(floor: Floor) -> None:
    assert ours(floor, ALPHA), "nobody holds anything: no funding"
    simulator = floor.simulator
    simulator.pause()
    instant = (simulator.now // (8 * HOUR) + 1) * 8 * HOUR
    simulator.run(600.0, instant + MINUTE)
    simulator.run(5.0)
    when(lambda: len(funding_rows(floor)) == len(ours(floor, ALPHA)), 30, floor.oms.log)
    entries = floor.venue(ALPHA, lambda broker: broker.entries(instant - MINUTE, instant + MINUTE))
    assert funding_rows(floor) == {e.entry_id: e.amount for e in entries if e.kind is EntryKind.FUNDING}


def funding_rows(floor: Floor) -> dict[str, Decimal]:
    """What the journal booked: amount by the venue's entry id."""
    rows = [entry.event.entry for entry in floor.journal() if isinstance(entry.event, EntryBooked)]
    assert {row.kind for row in rows} <= {EntryKind.FUNDING}
    return {row.entry_id: row.amount for row in rows}


def test_the_projection_catches_up_with_the_journal(floor: Floor, module_postgres: str) -> None:
    def lag() -> int:
        health = read_health(floor.home, "oms")
        assert health is not None
        return int(health.detail["projection_lag"])

    settle(floor)
    when(lambda: lag() == 0, 30, floor.oms.log)
    connection = psycopg2.connect(module_postgres)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM fills")
            [count] = cursor.fetchone()
            cursor.execute("SELECT account, instrument, sum(quantity) FROM positions GROUP BY 1, 2")
            positions = {(a, i): q for a, i, q in cursor.fetchall() if q}
            cursor.execute("SELECT count(*) FROM pnl_points")
            [points] = cursor.fetchone()
    finally:
        connection.close()
    assert count == sum(isinstance(e.event, OrderFilled) for e in floor.journal())
    assert positions == {(a, i): q for a in (ALPHA, TREND) for i, q in ours(floor, a).items()}
    assert points > 0


def test_the_kill_latch_stops_sending_at_once(floor: Floor) -> None:
    latch = floor.home / "run" / "kill.json"
    latch.write_bytes(msgspec.json.encode({"kills": [{"level": 2, "reason": "drill", "actor": "ann"}]}))
    try:
        _, answer = floor.submit(Side.BUY, "0.01")
        assert (answer.code, "drill" in answer.reason) == ("kill", True)
    finally:
        latch.unlink()
    floor.accepted(Side.BUY, "0.01")


def test_sigterm_ends_cleanly_with_everything_on_disk(floor: Floor) -> None:
    for _ in range(3):
        floor.accepted(Side.BUY, "0.01")
    assert floor.oms.stop() == 0
    health = read_health(floor.home, "oms")
    assert health is not None
    assert not health.ready
    assert health.detail["seq"] == len(floor.journal())
    assert "Traceback" not in floor.oms.log()
    floor.oms.start()
    settle(floor)
    check_against_the_venue(floor)


def test_an_account_that_is_not_flat_is_not_taken_over(floor: Floor, tmp_path: Path) -> None:
    settle(floor)
    assert ours(floor, ALPHA)
    other = Service("oms", tmp_path, {**floor.environment, "JTRADER_HOME": str(tmp_path)})
    (tmp_path / "secrets").symlink_to(floor.home / "secrets")
    (tmp_path / "jtrader.toml").write_text((floor.home / "jtrader.toml").read_text())
    for name in ("RPC", "EVENTS"):
        other.environment[f"JTRADER_OMS_{name}_URI"] = f"ipc://{tmp_path}/{name}"
    other.start(ready=False)
    assert other.wait(60) == 1
    assert "account 'alpha' is not flat" in other.log()
