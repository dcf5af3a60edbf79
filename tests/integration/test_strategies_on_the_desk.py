"""Strategies as they run: feed, oms and host as processes on the simulated exchange, people at the verbs."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.admitted import write_admissions
from fixtures.simulator import Simulator
from fixtures.trading_floor import BTC, Floor, Service, free_ports, when
from jtrader.app.services.oms.rpc import OrderLine
from jtrader.app.services.strategies.rpc import StrategyLine
from jtrader.bus.rpc import RpcClient

MAKER = f"""
[[strategies]]
name = "maker"
rule = "market_making"
account = "alpha"
instruments = ["{BTC}"]
[strategies.params]
notional = 2000
max_notional = 4000
rest = 1.0
reprice = 5
"""


@pytest.fixture
def floor(tmp_path: Path, simulator: Simulator) -> Iterator[Floor]:
    made = Floor(tmp_path / "desk", simulator, more=MAKER)
    write_admissions(made.home, [BTC])
    made.environment["JTRADER_STRATEGIES_RPC_URI"] = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    yield made
    simulator.pause()
    made.close()


def ask(floor: Floor, method: str, result: Any, **params: Any) -> Any:
    async def call() -> Any:
        client = RpcClient(floor.environment["JTRADER_STRATEGIES_RPC_URI"], 20)
        try:
            return await client.call(method, result, params)
        finally:
            await client.close()

    return asyncio.run(call())


def test_a_market_maker_rests_both_sides_and_takes_them_back_when_it_is_stopped(floor: Floor) -> None:
    host = Service("strategies", floor.home, dict(floor.environment))
    try:
        floor.feed.start()
        floor.oms.start()
        host.start()

        def working() -> list[OrderLine]:
            lines = floor.ask("orders", list[OrderLine], open_only=True)
            return [line for line in lines if line.order.strategy == "maker"]

        floor.simulator.run(5.0)
        when(lambda: {line.order.side.value for line in working()} == {"buy", "sell"}, 60, host.log)
        assert {line.order.time_in_force for line in working()} == {"post_only"}
        person = {"name": "maker", "actor": "ann", "reason": "a test"}
        ask(floor, "set_strategy", dict[str, Any], params={"notional": 1000}, **person)
        stopped = ask(floor, "stop_strategy", StrategyLine, on_stop="flatten", **person)
        assert stopped.state in ("stopping", "stopped")
        when(lambda: ask(floor, "strategies", list[StrategyLine])[0].state == "stopped", 60, host.log)
        assert working() == []
        host.stop()
        host.start()
        [line] = ask(floor, "strategies", list[StrategyLine])
        assert (line.state, line.reason) == ("stopped", "stopped by ann (flatten): a test")
        assert ask(floor, "start_strategy", StrategyLine, **person).state == "running"
        assert ask(floor, "strategy_params", dict[str, Any], name="maker")["notional"] == "1000"
        when(lambda: len(working()) == 2, 60, host.log)
    finally:
        host.stop()
