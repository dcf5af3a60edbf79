"""The one place where things happen: inputs in, journal, fsync, then commands, answers and publication.

Inputs that arrive while an fsync runs are handled together and share the next one.
"""

import asyncio
import gc
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from jtrader.app.services.oms.latch import LatchFile
from jtrader.domain.events import OrderFilled, Sequenced
from jtrader.domain.ids import market_of
from jtrader.engine.commands import AmendOrder, Command, SubmitOrder
from jtrader.engine.engine import Engine, Outcome
from jtrader.engine.inputs import AmendRefused, Input, Moment, SubmitRefused
from jtrader.engine.intents import Answer
from jtrader.engine.kills import protects
from jtrader.ports.clock import Clock
from jtrader.ports.stores import Journal

MOST_INPUTS = 1_000
RECENT_FILLS = 1_000
RECENT_EVENTS = 20_000
"""Journaled events kept in memory for those who follow by RPC."""

Item = tuple[Input, "asyncio.Future[Answer | None] | None"]


class CoreLoop:
    """`put` an input, or `ask` and wait until its events are on disk."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        clock: Clock,
        latch: LatchFile,
        carry_out: Callable[[Command], None],
        publish: Callable[[Sequence[Sequenced]], None],
    ) -> None:
        self.engine = engine
        self.recent_fills: deque[OrderFilled] = deque(maxlen=RECENT_FILLS)
        self.committed = engine.state.seq
        self._recent: deque[Sequenced] = deque(maxlen=RECENT_EVENTS)
        self._journal = journal
        self._clock = clock
        self._latch = latch
        self._carry_out = carry_out
        self._publish = publish
        self._inbox: asyncio.Queue[Item | None] = asyncio.Queue()

    def replay(self) -> int:
        """Rebuilds the engine from the journal; returns the number of the last record. Before `run`.

        What is recovered is there to stay: the collector neither looks at it while it grows nor ever again.
        """
        gc.disable()
        try:
            for entry in self._journal.replay():
                self.engine.replay((entry,))
                self._remember(entry)
            gc.freeze()
        finally:
            gc.enable()
        self.committed = self.engine.state.seq
        return self.committed

    def events_since(self, seq: int, limit: int) -> list[Sequenced]:
        """At most `limit` events after number `seq` that are on disk; the recent ones from memory."""
        if self._recent and seq >= self._recent[0].seq - 1:
            return list(islice(self._recent, seq + 1 - self._recent[0].seq, seq + 1 - self._recent[0].seq + limit))
        entries = islice(self._journal.replay(seq), limit)
        return [entry for entry in entries if entry.seq <= self.committed]

    def now(self) -> Moment:
        return Moment(self._clock.market(), self._clock.wall())

    def put(self, given: Input) -> None:
        self._inbox.put_nowait((given, None))

    async def ask(self, given: Input) -> Answer | None:
        """Returns when the input's events are on disk and its commands released."""
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait((given, future))
        return await future

    def stop(self) -> None:
        """Everything put before this is still done."""
        self._inbox.put_nowait(None)

    async def run(self) -> None:
        """Until `stop`. Raises Broken where the journal can't be written or an invariant does not hold."""
        going = True
        while going:
            items = [await self._inbox.get()]
            while len(items) < MOST_INPUTS and not self._inbox.empty():
                items.append(self._inbox.get_nowait())
            going = None not in items
            await self._do([item for item in items if item is not None])

    async def _do(self, items: Sequence[Item]) -> None:
        self.engine.latch(self._latch.read())
        outcomes: list[Outcome] = []
        fresh: list[Sequenced] = []
        for given, _ in items:
            outcome = self.engine.handle(given, self.now())
            fresh += [Sequenced(self._journal.append(event), event) for event in outcome.events]
            outcomes.append(outcome)
        if fresh:
            await asyncio.to_thread(self._journal.commit)
            self.committed = fresh[-1].seq
        for (_, future), outcome in zip(items, outcomes, strict=True):
            for command in outcome.commands:
                self._release(command)
            if future is not None and not future.done():
                future.set_result(outcome.answer)
        for entry in fresh:
            self._remember(entry)
        if fresh:
            self._publish(fresh)

    def _release(self, command: Command) -> None:
        """Hands a command to its account, unless a kill has come in since the gate said yes."""
        if isinstance(command, SubmitOrder | AmendOrder):
            order = self.engine.state.orders[command.client_order_id].child
            kill = self._latch.read().strongest(order.account, order.strategy, market_of(order.instrument))
            if kill is not None and kill.stops(order, protects(self.engine.core, order)):
                reason = f"not sent: kill level {int(kill.level)} by {kill.actor}: {kill.reason}"
                is_new = isinstance(command, SubmitOrder)
                self.put((SubmitRefused if is_new else AmendRefused)(order.client_order_id, "kill", reason))
                return
        elif self._latch.read().revoked(command.account, market_of(command.instrument)) is not None:
            return
        self._carry_out(command)

    def _remember(self, entry: Sequenced) -> None:
        self._recent.append(entry)
        if isinstance(entry.event, OrderFilled):
            self.recent_fills.append(entry.event)
