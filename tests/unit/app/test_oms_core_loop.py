"""Disk before venue: one fsync for what arrives together, commands and answers only after it, kills in between."""

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fixtures.oms_desk import ALPHA, INSTRUMENTS, START, Desk, accounts
from jtrader.app.services.oms.core_loop import CoreLoop
from jtrader.app.services.oms.latch import LatchFile
from jtrader.app.services.oms.rpc import Methods
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.events import Sequenced
from jtrader.domain.order import OrderStatus
from jtrader.engine.commands import Command, SubmitOrder
from jtrader.engine.engine import Engine
from jtrader.engine.inputs import AccountFound, IntentSubmitted
from jtrader.store.journal.memory import MemoryJournal


class Diary(MemoryJournal):
    """Notes what happens in which order; a commit may fail, or do something first."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []
        self.before_commit: Callable[[], None] = lambda: None

    def commit(self) -> None:
        self.before_commit()
        super().commit()
        self.notes.append("commit")


class StillClock:
    def market(self) -> int:
        return START

    def wall(self) -> int:
        return 1_000_000_000


class Rig:
    def __init__(self, folder: Path) -> None:
        self.desk = Desk()
        self.journal = Diary()
        self.latch = folder / "kill.json"
        self.sent: list[Command] = []
        self.published: list[Sequenced] = []
        engine = Engine(INSTRUMENTS, accounts())
        for quote in self.desk.engine.core.market.quotes.values():
            engine.see(quote, 1_000_000_000)
        self.core = CoreLoop(
            engine, self.journal, StillClock(), LatchFile(self.latch), self._carry_out, self.published.extend
        )

    def _carry_out(self, command: Command) -> None:
        self.sent.append(command)
        self.journal.notes.append("send")

    def intent(self) -> IntentSubmitted:
        return IntentSubmitted(self.desk.intent(quantity="0.01"))

    def run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def all_of_it() -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.core.run())
                await self.core.ask(AccountFound(ALPHA, {"USDT": Decimal(100_000)}))
                self.journal.notes.clear()
                await work()
                self.core.stop()

        asyncio.run(all_of_it())


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_intents_that_arrive_together_share_one_fsync(rig: Rig) -> None:
    async def work() -> None:
        answers = await asyncio.gather(*(rig.core.ask(rig.intent()) for _ in range(20)))
        assert all(answer is not None and answer.accepted for answer in answers)

    rig.run(work)
    assert rig.journal.notes == ["commit"] + ["send"] * 20
    assert [entry.seq for entry in rig.published] == list(range(1, 42))


def test_what_arrives_during_an_fsync_shares_the_next_one(rig: Rig) -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()

        def five_more() -> None:
            rig.journal.before_commit = lambda: None
            for _ in range(5):
                loop.call_soon_threadsafe(rig.core.put, rig.intent())

        rig.journal.before_commit = five_more
        await rig.core.ask(rig.intent())
        await rig.core.ask(rig.intent())

    rig.run(work)
    assert rig.journal.notes[:8] == ["commit", "send", "commit"] + ["send"] * 5


def test_a_failed_fsync_sends_nothing_and_stops_everything(rig: Rig) -> None:
    def fail() -> None:
        raise Broken("the disk is gone")

    async def work() -> None:
        rig.journal.before_commit = fail
        await rig.core.ask(rig.intent())

    with pytest.raises(ExceptionGroup) as failure:
        rig.run(work)
    assert failure.group_contains(Broken, match="the disk is gone")
    assert rig.sent == []
    assert len(rig.published) == 1


def test_a_kill_between_gate_and_send_holds_the_order_back(rig: Rig) -> None:
    def kill() -> None:
        rig.latch.write_bytes(msgspec.json.encode({"kills": [{"level": 1, "reason": "stop", "actor": "ann"}]}))

    async def work() -> None:
        rig.journal.before_commit = kill
        answer = await rig.core.ask(rig.intent())
        assert answer is not None
        assert answer.accepted
        await rig.core.ask(rig.intent())

    rig.run(work)
    assert not [command for command in rig.sent if isinstance(command, SubmitOrder)]
    [held_back, refused] = rig.core.engine.state.orders.values()
    assert held_back.status is OrderStatus.REJECTED
    assert "not sent: kill level 1 by ann: stop" in held_back.reason
    assert refused.status is OrderStatus.REFUSED


def test_a_latch_is_read_anew_whenever_it_changes(tmp_path: Path) -> None:
    latch = LatchFile(tmp_path / "kill.json")
    assert latch.read().level == 0
    for level in (1, 3, 2):
        (tmp_path / "kill.json").write_text(
            f'{{"kills": [{{"level": {level}, "reason": "{"x" * level}", "actor": "a"}}]}}'
        )
        assert latch.read().level == level
    (tmp_path / "kill.json").unlink()
    assert latch.read().level == 0


def test_recent_events_come_from_memory_and_older_ones_from_the_journal(rig: Rig) -> None:
    async def work() -> None:
        for _ in range(10):
            await rig.core.ask(rig.intent())

    rig.run(work)
    everything = list(rig.journal.replay())
    for seq in (0, 1, 7, 20, 21, 22):
        assert rig.core.events_since(seq, 5) == everything[seq : seq + 5]
    while rig.core._recent[0].seq < 12:
        rig.core._recent.popleft()
    for seq in (0, 10, 11, 12, 21):
        assert rig.core.events_since(seq, 5) == everything[seq : seq + 5]


@pytest.mark.parametrize(("method", "given"), [("orders", {}), ("fills", {}), ("events_since", {"seq": 0})])
@pytest.mark.parametrize("limit", [-1, 0])
def test_a_limit_that_is_none_is_refused_and_ends_nothing(
    rig: Rig, method: str, given: dict[str, int], limit: int
) -> None:
    ask = Methods(rig.core, dict).handlers()[method]
    with pytest.raises(BadInput, match="limit is"):
        asyncio.run(ask(**given, limit=limit))
