"""The oms as a process: replay, reconcile, then trade until told to stop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from jtrader.app.services.heartbeat import Heartbeat
from jtrader.app.services.oms.alarms import Alarms
from jtrader.app.services.oms.clock import OmsClock
from jtrader.app.services.oms.core_loop import CoreLoop
from jtrader.app.services.oms.latch import LatchFile
from jtrader.app.services.oms.paper_desk import PaperDesk
from jtrader.app.services.oms.projector import Projector
from jtrader.app.services.oms.recovery import differences, recover
from jtrader.app.services.oms.rpc import Methods
from jtrader.app.services.oms.rpc_limits import LimitMethods
from jtrader.app.services.oms.rpc_parents import ParentMethods
from jtrader.app.services.oms.rpc_people import PeopleMethods
from jtrader.app.services.oms.venue_link import VenueLink
from jtrader.app.wiring.trading import trusted
from jtrader.bus.market import MarketSubscriber
from jtrader.bus.oms_events import EventPublisher
from jtrader.bus.rpc import RpcServer
from jtrader.domain.errors import Unavailable
from jtrader.domain.events import Sequenced
from jtrader.domain.ids import AccountId, InstrumentId, StrategyId, market_of
from jtrader.domain.order import OrderStatus
from jtrader.domain.times import MINUTE
from jtrader.engine.commands import Command
from jtrader.engine.engine import Engine
from jtrader.engine.exposure import all_narrowed
from jtrader.engine.inputs import Restarted, Ticked
from jtrader.ops.alerts import LogAlerts
from jtrader.ports.broker import Broker
from jtrader.risk.limits import LimitSet
from jtrader.store.journal.files import FileJournal

POLL_SECONDS = 3.0
TICK_SECONDS = 1.0
STREAM_SECONDS = 30.0
CLOSE_SECONDS = 5.0

log = logging.getLogger(__name__)


class Addresses(NamedTuple):
    """Where the oms listens (RPC, events), and the feed it listens to."""

    rpc: str
    events: str
    market_data: str


class OmsService:
    """Build it inside the event loop that runs it."""

    def __init__(
        self,
        engine: Engine,
        journal: FileJournal,
        brokers: Mapping[AccountId, tuple[Broker, Sequence[InstrumentId]]],
        addresses: Addresses,
        latch: LatchFile,
        heartbeat: Heartbeat,
        projector: Projector | None,
        market_time: int,
        paper: PaperDesk | None = None,
        strategies: Collection[tuple[AccountId, StrategyId]] = (),
        unknown_patience: int = MINUTE,
        limits: Callable[[], Mapping[AccountId, LimitSet]] | None = None,
    ) -> None:
        """`paper` moves what among the brokers is in process; `strategies` are those that the settings bind to an
        account; an order UNKNOWN for longer than `unknown_patience` (ns) is told to people; `limits` reads those of
        the settings anew."""
        self._paper = paper
        self._engine = engine
        self._journal = journal
        self._addresses = addresses
        self._latch = latch
        self._heartbeat = heartbeat
        self._projector = projector
        self._brokers = brokers
        self._links: dict[AccountId, VenueLink] = {}
        self._clock = OmsClock(market_time, lambda: engine.core.market.time)
        self._core = CoreLoop(engine, journal, self._clock, latch, self._carry_out, self._publish)
        self._publisher = EventPublisher(addresses.events)
        self._alarms = Alarms(engine.core, LogAlerts(), unknown_patience)
        self._strategies = tuple(strategies)
        self._limits = limits
        self._ready = False
        self._drift: dict[AccountId, dict[InstrumentId, str]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises what ends it before: a journal or invariant that is Broken, a bad account."""
        replayed = self._core.replay()
        log.info("replayed %d events", replayed)
        if self._projector is not None:
            self._projector.start(replayed)
        try:
            async with asyncio.TaskGroup() as tasks:
                core = tasks.create_task(self._core.run())
                self._connect(tasks.create_task)
                background = [tasks.create_task(self._beat()), tasks.create_task(self._watch_market())]
                if self._paper is not None:
                    background.append(tasks.create_task(self._paper.run()))
                background += [tasks.create_task(link.follow()) for link in self._links.values()]
                starting = tasks.create_task(self._recover())
                stopping = tasks.create_task(stop.wait())
                await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
                if starting.done():
                    await self._serve(stop)
                for task in (starting, *background):
                    task.cancel()
                for link in self._links.values():
                    await link.close(CLOSE_SECONDS)
                self._core.stop()
                await core
        finally:
            for link in self._links.values():
                await link.close(0)
            if self._paper is not None:
                await self._paper.close()
            self._close()

    async def _recover(self) -> None:
        """What may have happened while this process was away. The private streams stand first."""
        for link in self._links.values():
            try:
                with trusted(link.account):
                    async with asyncio.timeout(STREAM_SECONDS):
                        await link.wait_live()
            except TimeoutError:
                why = link.failure or f"nothing came within {STREAM_SECONDS:.0f} s"
                raise Unavailable(f"the private stream of account '{link.account}' does not open: {why}") from None
        await self._core.ask(Restarted())
        await recover(self._core, tuple(self._links.values()), self._clock)

    async def _serve(self, stop: asyncio.Event) -> None:
        """Takes intents and looks after orders until `stop`."""
        methods = Methods(self._core, self._status, lambda: self._alarms.unknown).handlers()
        methods |= PeopleMethods(self._core, self._strategies).handlers()
        if self._limits is not None:
            methods |= LimitMethods(self._core, self._limits).handlers()
        methods |= ParentMethods(self._core).handlers()
        server = RpcServer(self._addresses.rpc, methods)
        try:
            async with asyncio.TaskGroup() as tasks:
                serving = [tasks.create_task(server.serve()), tasks.create_task(self._tick())]
                serving += [
                    tasks.create_task(link.keep_polling(POLL_SECONDS, self._comparison(link)))
                    for link in self._links.values()
                ]
                self._ready = True
                log.info("trading %d accounts", len(self._links))
                await stop.wait()
                self._ready = False
                for task in serving:
                    task.cancel()
        finally:
            server.close()

    def _connect(self, spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]) -> None:
        for account, (broker, instruments) in self._brokers.items():
            self._links[account] = VenueLink(
                account, broker, instruments, self._clock, self._core.put, self._core.ask, spawn
            )

    def _carry_out(self, command: Command) -> None:
        link = self._links.get(command.account)
        if link is not None:  # else the account's keys are revoked, or it has left the settings
            link.carry_out(command)

    def _publish(self, fresh: Sequence[Sequenced]) -> None:
        self._publisher.publish(fresh)
        self._alarms.happened(fresh)
        if self._projector is not None:
            self._projector.wake(fresh[-1].seq)

    async def _watch_market(self) -> None:
        names = sorted({name for _, instruments in self._brokers.values() for name in instruments})
        subscriber = MarketSubscriber(self._addresses.market_data, names, ("quote", "mark", "trade", "status"))
        try:
            async for batch in subscriber:
                wall = self._clock.wall()
                for event in batch.events:
                    self._engine.see(event, wall)
        finally:
            subscriber.close()

    async def _tick(self) -> None:
        while True:
            self._heed_revocations()
            self._core.put(Ticked())
            self._alarms.look(self._core.now())
            await asyncio.sleep(TICK_SECONDS)

    def _heed_revocations(self) -> None:
        """Raises Unavailable where keys of a running account are revoked: they are used no more."""
        latch = self._latch.read()
        for link in self._links.values():
            kill = latch.revoked(link.account, market_of(link.instruments[0]))
            if kill is not None:
                raise Unavailable(
                    f"kill level 5 by {kill.actor} ({kill.reason}): the oms ends and leaves the keys of account "
                    f"'{link.account}' alone; started again, it trades the accounts that are left"
                )

    def _comparison(self, link: VenueLink) -> Callable[[], Awaitable[None]]:
        """A difference between the venue's books and ours that two polls in a row show stops new risk there."""

        async def compare() -> None:
            found = await differences(self._core, link)
            before = self._drift.get(link.account, {})
            lasting = {name: text for name, text in found.items() if before.get(name) == text}
            self._drift[link.account] = found
            self._engine.drifted(link.account, lasting)
            for text in lasting.values():
                log.warning("account %s: no new risk: %s", link.account, text)

        return compare

    async def _beat(self) -> None:
        while True:
            self._heartbeat.beat(self._ready, **self._status())
            self._publisher.beat(self._core.committed)
            await asyncio.sleep(TICK_SECONDS)

    def _status(self) -> dict[str, Any]:
        state, projector = self._engine.state, self._projector
        unknown = [o for o in state.live_orders() if o.status is OrderStatus.UNKNOWN]
        return {
            "seq": self._core.committed,
            "market_time": self._clock.market(),
            "orders": len(state.orders),
            "open_orders": len(state.live),
            "fills": len(state.fills),
            "unknown": len(unknown),
            "unknown_too_long": dict(self._alarms.unknown),
            "projection_lag": self._core.committed - projector.position if projector else 0,
            "projection_failure": projector.failure if projector else "",
            "kill_level": int(self._latch.read().level),
            "latched": {" ".join(filter(None, latch.key[1:])): latch.reason for latch in state.risk.latches.values()},
            "failures": {link.account: link.failure for link in self._links.values() if link.failure},
            "narrowed": {f"{account} {name}": why for (account, name), why in all_narrowed(self._engine.core).items()},
            "stale_marks": dict(self._engine.stale_marks()),
            "paper_waits": self._paper.troubles() if self._paper is not None else {},
            "paper_lost_trades": self._paper.lost_trades() if self._paper is not None else 0,
            "oddities": dict(self._engine.core.watch.counters),
        }

    def _close(self) -> None:
        if self._projector is not None:
            self._projector.wake(self._core.committed)
            self._projector.stop(CLOSE_SECONDS)
        self._publisher.close()
        with suppress(OSError):
            self._heartbeat.beat(False, **self._status())
        self._journal.close()
