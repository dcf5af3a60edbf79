"""The simulator's streams → native feed → bus → strategy host → intents over RPC, at 60 times market speed."""

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.admitted import write_admissions
from fixtures.instruments import instrument
from fixtures.recording_oms import RecordingOms
from fixtures.simulator import Simulator
from fixtures.trading import ScriptedPredictor
from fixtures.wire import Wire
from jtrader.app.services import feed as feed_service
from jtrader.app.services.strategies import service as strategy_service
from jtrader.app.services.strategies.book import DeskBook
from jtrader.app.services.strategies.host import StrategyHost
from jtrader.app.services.strategies.hosted import HostedStrategy
from jtrader.app.services.strategies.minutes import Minutes
from jtrader.app.settings import Settings, load_settings
from jtrader.bus.market import MarketPublisher, MarketSubscriber
from jtrader.domain.ids import AccountId, InstrumentId, Market, StrategyId
from jtrader.domain.market import Candle, FeedStatus, Quote, Trade
from jtrader.domain.times import MINUTE, SECOND
from jtrader.exchange.binance.feed import BinanceFeed
from jtrader.exchange.binance.rest import BinanceRest
from jtrader.features import FEATURES, Columns, batch
from jtrader.strategy.api import Setup
from jtrader.strategy.model_signal.rule import Params, Rule

PERPS = ("binance_usdm:BTCUSDT", "binance_usdm:ETHUSDT")
SPOT = ("binance_spot:BTCUSDT", "binance_spot:ETHUSDT")


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


def desk(home: Path, simulator: Simulator, oms_uri: str) -> Settings:
    account = {"market": "binance_usdm", "broker": "sim", "key_file": "none.json"}
    params = {"notional": 5000, "fast": 2, "slow": 4}
    write_admissions(home, (*PERPS, *SPOT))
    rule = {"rule": "ma_cross", "params": params}
    return load_settings(
        home=home,
        simulator_uri=simulator.uri,
        market_data_uri=free_address(),
        oms_rpc_uri=oms_uri,
        strategies_rpc_uri=free_address(),
        accounts=[account | {"name": "a"}, account | {"name": "b", "market": "binance_spot"}],
        strategies=[
            rule | {"name": "trend_perp", "account": "a", "instruments": PERPS},
            rule | {"name": "trend_spot", "account": "b", "instruments": SPOT},
        ],
    )


@contextlib.asynccontextmanager
async def running(*works: Any) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


def health(settings: Settings, service: str) -> dict[str, Any]:
    file = settings.root / "run" / "health" / f"{service}.json"
    return json.loads(file.read_text()) if file.exists() else {"ready": False}


def test_both_services_trade_the_cross_on_four_instruments(simulator: Simulator, tmp_path: Path) -> None:
    async def work() -> None:
        async with RecordingOms() as oms:
            settings = desk(tmp_path, simulator, oms.uri)
            async with running(feed_service.serve(settings), strategy_service.serve(settings)):
                await until(lambda: health(settings, "feed")["ready"] and health(settings, "strategies")["ready"])
                await asyncio.to_thread(simulator.run_for, 12 * 60 + 5)
                await until(lambda: health(settings, "strategies")["detail"]["candles"] >= 48)
                await until(lambda: health(settings, "feed")["detail"]["candle"] >= 48)
                feed, host = health(settings, "feed")["detail"], health(settings, "strategies")["detail"]
        assert feed["candle"] == 48
        assert feed["ticks"] > 500
        assert feed["missed_trades"] == feed["repaired_candles"] == 0
        assert (host["bus_losses"], host["undecided"], host["repaired_candles"]) == (0, {}, 0)
        for name in ("trend_perp", "trend_spot"):
            state = host["strategies"][name]
            assert 12 <= state["decisions"] <= 24  # on a busy machine minutes pile up; only the newest is decided on
            assert state["accepted"] == state["intents"] == sum(i.strategy == name for i, _ in oms.taken)
            assert not state["failure"]
        assert {intent.strategy for intent, _ in oms.taken} == {"trend_perp", "trend_spot"}
        took = [host["strategies"][name]["decision_ms"]["p50"] for name in host["strategies"]]
        assert max(took) < 500, f"from candle to intent it took {took} ms; a market minute is 1,000 ms here"

    asyncio.run(work())


class Recorder(ScriptedPredictor):
    """Never sure; remembers every row of features."""

    def __init__(self) -> None:
        super().__init__(0.5, features=tuple(FEATURES))


def test_live_features_equal_the_batch_to_1e9(simulator: Simulator) -> None:
    """Warm-up from REST, then live candles over the bus; the batch runs on the venue's own candles afterwards."""
    perp = instrument(PERPS[0], min_notional=100)

    async def work() -> None:
        predictor = Recorder()
        with contextlib.ExitStack() as opened:
            rest = opened.enter_context(BinanceRest("binance_usdm", simulator.uri))
            publisher = opened.enter_context(contextlib.closing(MarketPublisher("tcp://127.0.0.1:*")))
            subscriber = opened.enter_context(
                contextlib.closing(MarketSubscriber(publisher.uri, [perp.id], ["candle", "status"]))
            )
            source = BinanceFeed(Market("binance_usdm"), [perp.id], simulator.uri, rest)
            book = DeskBook(_no_events, {perp.id: perp})
            setup = Setup(strategy=StrategyId("m"), instruments={perp.id: perp}, predictor=lambda: predictor)
            rule = Rule(setup, Params(notional=5_000, band=0.1))  # type: ignore[arg-type]
            hosted = HostedStrategy(setup.strategy, AccountId("a"), {perp.id: perp}, rule, book, _Never())
            line = Minutes(perp.id, rest, None)
            host = StrategyHost(subscriber, {perp.id: line}, [hosted], book, lambda _: rest.market_time())
            service = feed_service.FeedService([source], publisher, _Silent())  # type: ignore[arg-type]
            async with running(service.run(), host.run()):
                await until(lambda: host.is_warm and source.is_up)
                await asyncio.to_thread(simulator.run_for, 8 * 60)
                await until(lambda: line.last == simulator.now // MINUTE * MINUTE - MINUTE)
            await source.close()
            assert line.last is not None
            first = line.last - 300 * MINUTE
            candles = await asyncio.to_thread(rest.candles, perp.id, first, line.last + MINUTE)
        whole = batch(predictor.features, Columns.of(candles))
        rows = [{name: float(values[-back]) for name, values in whole.items()} for back in range(8, 0, -1)]
        assert len(predictor.asked) >= 4
        for asked in predictor.asked:
            assert any(asked == pytest.approx(row, abs=1e-9, rel=0) for row in rows)

    asyncio.run(work())


async def _no_events(after: int, limit: int) -> list[Any]:
    return []


class _Never:
    async def submit(self, intent: Any, signal: Any) -> Any:
        raise AssertionError("an unsure model has traded")

    async def cancel(self, parent_id: Any, actor: str, reason: str) -> None:
        raise AssertionError("an unsure model has cancelled")


class _Silent:
    def beat(self, ready: bool, **detail: Any) -> None:
        return None


@pytest.mark.parametrize("market", ["binance_usdm", "binance_spot"])
def test_a_cut_connection_is_told_and_no_minute_is_lost(simulator: Simulator, market: str) -> None:
    """The line is down over at least two closes; afterwards every minute has come once and in order."""
    name = InstrumentId(f"{market}:BTCUSDT")

    async def work() -> None:
        seen: list[Any] = []
        async with Wire(simulator.uri) as wire:
            with BinanceRest(market, simulator.uri) as rest:
                source = BinanceFeed(Market(market), [name], wire.uri, rest)

                async def listen() -> None:
                    async for events in source.events():
                        seen.extend(events)

                def closed() -> list[int]:
                    return [event.ts for event in seen if isinstance(event, Candle)]

                async with running(listen()):
                    await until(lambda: source.is_up)
                    await asyncio.to_thread(simulator.run_for, 130)
                    await until(lambda: len(closed()) >= 2, 10)
                    wire.is_down = True
                    wire.cut()
                    await until(lambda: not source.is_up)
                    await asyncio.to_thread(simulator.run_for, 150)
                    wire.is_down = False
                    await until(lambda: source.is_up)
                    await asyncio.to_thread(simulator.run_for, 60)
                    now = await asyncio.to_thread(lambda: simulator.now)
                    await until(lambda: closed()[-1] == now // MINUTE * MINUTE - MINUTE, 10)
                await source.close()
        minutes = closed()
        assert minutes == list(range(minutes[0], minutes[-1] + MINUTE, MINUTE))
        assert source.repaired >= 2
        told = [(event.epoch, event.state) for event in seen if isinstance(event, FeedStatus)]
        assert told[0] == (1, "up")
        assert (1, "down") in told
        assert told[-1] == (2, "up")
        assert any(isinstance(event, Trade) for event in seen)
        quotes = [event for event in seen if isinstance(event, Quote)]
        assert all(quote.bid < quote.ask for quote in quotes)
        assert all(later.ts >= earlier.ts - SECOND for earlier, later in itertools.pairwise(quotes))

    asyncio.run(work())
