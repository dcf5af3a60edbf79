"""`jtrader strategies` against a host that runs: list, params, set, stop, start, and what each refuses."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from fixtures.recording_oms import RecordingOms
from fixtures.strategy_stage import Desk
from fixtures.trading import PERP, START, minutes
from jtrader.app.cli import strategies as verbs
from jtrader.app.services.strategies.book import DeskBook
from jtrader.app.services.strategies.champion import Champion
from jtrader.app.services.strategies.host import StrategyHost
from jtrader.app.services.strategies.making import Maker
from jtrader.app.services.strategies.minutes import Minutes
from jtrader.app.services.strategies.rpc import StrategyMethods
from jtrader.app.settings import load_settings
from jtrader.bus.market import MarketPublisher, MarketSubscriber
from jtrader.bus.rpc import RpcServer
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.domain.times import MINUTE


class Past:
    """CandleSource of thirty minutes."""

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
        whole = minutes([100.0 + n for n in range(30)], PERP, START - 30 * MINUTE)
        return [candle for candle in whole if start <= candle.ts < end]


async def serve(home: Path, told: "Future[tuple[str, Callable[[], object]]]") -> None:
    """Tells its address and how to end it."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    settings = load_settings(
        home=home,
        accounts=[{"name": "a", "market": "binance_usdm", "broker": "sim", "key_file": "none.json"}],
        strategies=[
            {
                "name": "trend",
                "rule": "ma_cross",
                "account": "a",
                "instruments": [PERP.id],
                "params": {"notional": 5000, "fast": 2, "slow": 4},
            }
        ],
    )
    async with RecordingOms() as oms:
        desk = Desk(oms)
        book = DeskBook(desk.events_since, {PERP.id: PERP})
        maker = Maker(settings, settings.strategies[0], {PERP.id: PERP}, Champion(None), book)
        hosted = maker.hosted(desk)
        publisher = MarketPublisher("tcp://127.0.0.1:*")
        subscriber = MarketSubscriber(publisher.uri, [PERP.id], ["candle"])
        host = StrategyHost(subscriber, {PERP.id: Minutes(PERP.id, Past(), None)}, [hosted], book, lambda _: START)
        door = RpcServer("tcp://127.0.0.1:*", StrategyMethods(host, [(maker, hosted)]).handlers())
        tasks = [asyncio.create_task(host.run()), asyncio.create_task(door.serve())]
        told.set_result((door.uri, lambda: loop.call_soon_threadsafe(ended.set)))
        await ended.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        door.close()
        subscriber.close()
        publisher.close()


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[], Callable[[], None]]]:
    """Starts the host anew on the same home; answers how to end it."""
    ends: list[Callable[[], None]] = []

    def begin() -> Callable[[], None]:
        told: Future[tuple[str, Callable[[], object]]] = Future()
        thread = threading.Thread(target=lambda: asyncio.run(serve(tmp_path, told)))
        thread.start()
        uri, end = told.result(10)
        monkeypatch.setenv("JTRADER_STRATEGIES_RPC_URI", uri)
        monkeypatch.setenv("JTRADER_HOME", str(tmp_path))

        def finish() -> None:
            if thread.is_alive():
                end()
                thread.join(10)

        ends.append(finish)
        return finish

    yield begin
    for finish in ends:
        finish()


def say(line: str) -> str:
    """What it prints. Raises what the verb raises."""
    app = typer.Typer()
    verbs.register(app)
    app.command("other")(lambda: None)
    result = CliRunner().invoke(app, ["strategies", *line.split()], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def state() -> tuple[str, str]:
    [row] = json.loads(say("list --json"))
    return row["state"], row["reason"]


def test_params_are_changed_all_or_none_and_outlive_a_restart(start: Callable[[], Callable[[], None]]) -> None:
    end = start()
    assert "ma_cross" in say("list")
    assert say("params trend") == "notional = 5000\nfast = 2\nslow = 4\n"
    assert say("set trend fast=3 notional=250.50 --reason calm") == "notional = 250.50\nfast = 3\nslow = 4\n"
    for wrong, says in (
        ("fast=9", "must be below slow"),
        ("fst=1", "allowed: notional"),
        ("fast", "is not param=value"),
    ):
        with pytest.raises(BadInput, match=says):
            say(f"set trend slow=8 {wrong} --reason why")
    assert json.loads(say("params trend --json")) == {"notional": "250.50", "fast": 3, "slow": 4}
    end()
    start()
    assert json.loads(say("params trend --json")) == {"notional": "250.50", "fast": 3, "slow": 4}
    assert state() == ("running", "")


def test_one_that_was_stopped_stays_so_until_it_is_started(
    start: Callable[[], Callable[[], None]], tmp_path: Path
) -> None:
    end = start()
    with pytest.raises(BadInput, match="runs already"):
        say("start trend --reason why")
    assert "is stop" in say("stop trend --then keep --reason lunch")
    assert state()[0] == "stopped"
    end()
    start()
    assert state()[0] == "stopped"
    assert state()[1].endswith("(keep): lunch")
    assert say("start trend --reason back") == "trend is running\n"
    assert state() == ("running", "")
    actions = (tmp_path / "strategies" / "trend" / "actions.jsonl").read_text().splitlines()
    assert [json.loads(line)["what"] for line in actions] == ["stop", "start"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("stop nobody --reason why", "there are trend"),
        ("stop trend --then burn --reason why", "keep, cancel, flatten"),
        ("params nobody", "there are trend"),
    ],
)
def test_what_is_refused(start: Callable[[], Callable[[], None]], line: str, says: str) -> None:
    start()
    with pytest.raises(BadInput, match=says):
        say(line)


@pytest.mark.parametrize("verb", ["", "list", "start", "stop", "set", "params"])
def test_each_verb_has_examples(verb: str) -> None:
    assert "Examples:" in say(f"{verb} --help")
