"""The host of all strategies: one loop from market and order events to intents.

What has piled up is taken at once: only the newest minute of an instrument is decided on, older ones are history, and
of quotes and marks the newest is told.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

from jtrader.app.services.strategies.book import DeskBook
from jtrader.app.services.strategies.hosted import HostedStrategy
from jtrader.app.services.strategies.minutes import Minutes
from jtrader.bus.market import Batch, MarketSubscriber
from jtrader.domain.errors import Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle, Funding, Mark, MarketEvent, Quote, Trade
from jtrader.domain.times import MINUTE, iso

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
IDLE_SECONDS = 0.25
"""Wall time without a market event after which what became of orders is asked for, where a strategy wants to know."""


class _Arrival(NamedTuple):
    batch: Batch
    at: float
    """perf_counter."""


class _Work(NamedTuple):
    """Something to be done between two rounds."""

    do: Callable[[], Awaitable[None]]
    done: "asyncio.Future[None]"


class StrategyHost:
    """`run` warms up, then decides until cancelled. `is_warm` is True from the first decision on."""

    def __init__(
        self,
        subscriber: MarketSubscriber,
        lines: Mapping[InstrumentId, Minutes],
        hosted: Sequence[HostedStrategy],
        book: DeskBook,
        market_time: Callable[[InstrumentId], int],
        held: Callable[[Sequence[InstrumentId]], str] = lambda names: "",  # noqa: ARG005
    ) -> None:
        """`market_time`: the venue's newest time of an instrument's market, asked in a thread; raises Unavailable.
        `held`: why a strategy with these instruments may not decide now, empty where it may."""
        self._subscriber = subscriber
        self._lines = lines
        self._hosted = hosted
        self._book = book
        self._market_time = market_time
        self._held = held
        self._queue: asyncio.Queue[_Arrival | _Work] = asyncio.Queue()
        self.is_warm = False
        self.ticks = 0
        """Market events received."""
        self.candles = 0
        self.losses = 0
        """Bus messages that were lost, or restarts of the publisher."""
        self.undecided: Counter[str] = Counter()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())  # first, so that minutes that close during the warm-up are kept
            await self._warm_up()
            self.is_warm = True
            tasks.create_task(self._decide())

    async def _listen(self) -> None:
        async for batch in self._subscriber:
            self.ticks += len(batch.events)
            self._queue.put_nowait(_Arrival(batch, perf_counter()))

    async def between(self, do: Callable[[], Awaitable[None]]) -> None:
        """Does it while nothing is decided; raises what it raises."""
        work = _Work(do, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(work)
        await work.done

    async def warm_anew(self, hosted: HostedStrategy) -> None:
        """The history of one strategy up to the minute that the others have seen. Raises Unavailable."""
        for instrument in hosted.instruments:
            line = self._lines[instrument]
            now = await asyncio.to_thread(self._market_time, instrument)
            end = now if line.last is None else line.last + MINUTE
            for candle in await line.past(hosted.rule.warmup, end):
                hosted.warm(candle)

    async def _warm_up(self) -> None:
        """Feeds each rule its history; tried again until the venue answers."""
        for instrument, line in self._lines.items():
            trading = [h for h in self._hosted if instrument in h.instruments]
            minutes = max((h.rule.warmup for h in trading), default=0)
            for candle in await self._history(line, minutes):
                for hosted in trading:
                    hosted.warm(candle)

    async def _history(self, line: Minutes, minutes: int) -> list[Candle]:
        while True:
            try:
                now = await asyncio.to_thread(self._market_time, line.instrument)
                found = await line.history(minutes, now)
                log.info("%s: warmed up on %d minutes up to %s", line.instrument, len(found), iso(now))
                return found
            except Unavailable as error:
                log.warning("%s: no history yet (%s); trying again", line.instrument, error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _decide(self) -> None:
        while True:
            arrivals = await self._piled_up()
            lines = await self._closed_minutes(arrivals)
            ticks = list(_newest(arrivals))
            has_news = any(hosted.wants_orders for hosted in self._hosted)
            if not (any(lines.values()) or ticks or has_news):
                continue
            is_fresh = await self._book_is_fresh()
            if is_fresh:
                for hosted in self._hosted:
                    await hosted.on_news(perf_counter())
                for event, at in ticks:
                    await self._tell(event, at)
            for instrument, line in lines.items():
                await self._decide_on(instrument, line, arrivals[0].at, is_fresh)

    async def _piled_up(self) -> list[_Arrival]:
        """What has arrived; what is to be done between rounds is done first. Empty after a while of silence."""
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                found = [await self._queue.get()]
        except TimeoutError:
            return []
        while not self._queue.empty():
            found.append(self._queue.get_nowait())
        for work in (one for one in found if isinstance(one, _Work)):
            try:
                await work.do()
            except Exception as error:
                work.done.set_exception(error)
            else:
                work.done.set_result(None)
        return [one for one in found if isinstance(one, _Arrival)]

    async def _tell(self, event: MarketEvent, at: float) -> None:
        for hosted in self._hosted:
            if event.instrument in hosted.instruments:
                if self._held([*hosted.instruments]):
                    self.undecided["not_admitted"] += 1
                else:
                    await hosted.on_market(event, at)

    async def _decide_on(self, instrument: InstrumentId, line: list[Candle], at: float, is_fresh: bool) -> None:
        trading = [hosted for hosted in self._hosted if instrument in hosted.instruments]
        for number, candle in enumerate(line, start=1):
            is_newest = number == len(line)
            for hosted in trading:
                held = is_newest and is_fresh and self._held([*hosted.instruments])
                if is_newest and is_fresh and not held:
                    await hosted.on_candle(candle, at)
                else:
                    hosted.warm(candle)
                if held:
                    self.undecided["not_admitted"] += 1
            if is_newest and not is_fresh:
                self.undecided["oms_away"] += 1

    async def _closed_minutes(self, arrivals: Sequence[_Arrival]) -> dict[InstrumentId, list[Candle]]:
        """What has newly closed, instrument by instrument."""
        lines: dict[InstrumentId, list[Candle]] = {}
        for batch in (arrival.batch for arrival in arrivals):
            line = self._lines.get(batch.instrument)
            if line is None or batch.kind != "candle":
                continue
            self.losses += abs(batch.missed)
            arrived = [event for event in batch.events if isinstance(event, Candle)]
            try:
                fresh = await line.arrived(arrived, is_lossy=batch.missed != 0)
            except Unavailable as error:
                log.warning("%s: lost minutes can't be read yet (%s)", batch.instrument, error)
                self.undecided["not_repaired"] += len(arrived)
                continue
            self.candles += len(fresh)
            lines.setdefault(batch.instrument, []).extend(fresh)
        return lines

    async def _book_is_fresh(self) -> bool:
        try:
            await self._book.catch_up()
        except Unavailable as error:
            log.warning("nothing is decided: the oms does not answer (%s)", error)
            return False
        return True

    def details(self) -> dict[str, Any]:
        """For the heartbeat."""
        newest = max((line.last or 0 for line in self._lines.values()), default=0)
        return {
            "ticks": self.ticks,
            "candles": self.candles,
            "newest_close": iso(newest + MINUTE) if newest else "",
            "bus_losses": self.losses,
            "repaired_candles": sum(line.repaired for line in self._lines.values()),
            "undecided": dict(self.undecided),
            "strategies": {hosted.name: _state(hosted) for hosted in self._hosted},
        }


def _newest(arrivals: Sequence[_Arrival]) -> Iterator[tuple[MarketEvent, float]]:
    """Quotes, trades, marks and funding in order; of quotes and marks the last of each instrument."""
    found: dict[object, tuple[MarketEvent, float]] = {}
    for number, (batch, at) in enumerate(arrivals):
        for place, event in enumerate(batch.events):
            if isinstance(event, Quote | Mark):
                key: object = (type(event), event.instrument)
                found.pop(key, None)
                found[key] = event, at
            elif isinstance(event, Trade | Funding):
                found[number, place] = event, at
    yield from found.values()


def _state(hosted: HostedStrategy) -> dict[str, Any]:
    took = sorted(hosted.decision_ms)
    return {
        "failure": hosted.failure,
        "stopped": hosted.stopped,
        **hosted.rule.counters,
        **hosted.counts,
        "decision_ms": {"p50": took[len(took) // 2], "max": took[-1]} if took else {},
    }
