"""What a live feed judges and hands on, wherever its events come from: statuses and epochs, sane values only, quiet
streams, missing minutes, changes of listing and rules, conflation for slow listeners."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from typing import Any

from jtrader.domain.ids import InstrumentId, VenueSymbol
from jtrader.domain.market import Candle, Depth, Event, FeedStatus, Quote
from jtrader.domain.times import SECOND
from jtrader.exchange.common.conflate import conflated
from jtrader.exchange.common.freshness import Freshness, MarketClock, MarketNow
from jtrader.exchange.common.listing import ListingWatch
from jtrader.exchange.common.repair import CandleRepair
from jtrader.exchange.common.sane import CHECKS
from jtrader.ports.market_data import CandleSource

log = logging.getLogger(__name__)

MOST_WAITING = 100_000
"""Events that wait for the listener before states among them are conflated."""


class FeedCore(ABC):
    """ports.MarketFeed of one market. Counters are public: `events_seen`, `nonsense`, `missed_trades`, `repaired`,
    `conflations`, `epoch`. A subclass says what runs (`_work`), and calls `_rise`, `_fall` and `_take`."""

    def __init__(
        self,
        symbols: Mapping[VenueSymbol, InstrumentId],
        candles: CandleSource | None = None,
        stale_after: int = 120 * SECOND,
        listing: ListingWatch | None = None,
        clock: MarketClock | None = None,
    ) -> None:
        """`candles` repairs missing minutes; `stale_after` is market time in ns; `listing` tells changes of status and
        rules; `clock` is kept by who reads the messages."""
        self.symbols = symbols
        self.clock = clock or MarketClock()
        self._freshness = Freshness(stale_after)
        self._now = MarketNow()
        self._seen = self._freshness.seen
        self._repair = CandleRepair(candles, self._put, self._run)
        self._listing = listing
        self._batch: list[Event] = []
        self._conflate_at = MOST_WAITING
        self._arrived = asyncio.Event()
        self._state = dict.fromkeys(symbols.values(), "down")
        self._faults: dict[InstrumentId, set[str]] = {name: set() for name in self._state}
        self._held: set[InstrumentId] = set()
        """In quarantine: nothing of their books and quotes is passed on."""
        self._left_out: set[InstrumentId] = set()
        """Refused by the venue: nothing of them is passed on, and they stay down."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self.epoch = 0
        self.events_seen = 0
        self.nonsense = 0
        self.conflations = 0

    # ---- what a subclass says

    @abstractmethod
    def _work(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What runs while somebody listens."""

    def whole_book(self, instrument: InstrumentId) -> Depth | None:  # noqa: ARG002
        """A kept book that stands, as one event."""
        return None

    @property
    def missed_trades(self) -> int:
        """Public trades that the ids show to be missing; 0 where the venue doesn't number them."""
        return 0

    def lose_book(self, instrument: InstrumentId) -> None:
        """A book was told with what can't be; where it is kept it is fetched again."""
        log.warning("%s: its book is not known until it is told whole", instrument)

    # ---- ports.MarketFeed

    @property
    def market_time(self) -> int:
        """The newest time the venue has told, ns; 0 = none yet."""
        return self.clock.newest

    @property
    def is_up(self) -> bool:
        """Connected, and no instrument is stale or quarantined; of those that the venue refuses nothing is expected."""
        states = [state for instrument, state in self._state.items() if instrument not in self._left_out]
        return bool(states) and all(state == "up" for state in states)

    @property
    def states(self) -> dict[InstrumentId, str]:
        return dict(self._state)

    @property
    def repaired(self) -> int:
        """Minutes that came from REST."""
        return self._repair.repaired

    async def events(self) -> AsyncIterator[Sequence[Event]]:
        """Connects and yields what arrives, until `close`. What its work can't go on from is raised here."""
        for work in self._work():
            self._run(work)
        if self._listing is not None:
            self._run(self._listing.follow(lambda: self.market_time, self._put))
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            if self._failure is not None:
                raise self._failure
            batch, self._batch = self._batch, []
            self._conflate_at = MOST_WAITING
            self.events_seen += len(batch)
            yield batch

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def watch(self, newest: int = 0) -> None:
        """Marks instruments stale or up again by market time; call it about once a wall second. `newest` is the newest
        time that any venue has told (ns): a market that is wholly silent is seen by it."""
        now = self._now.at(max(self.market_time, newest))
        for instrument, state in self._state.items():
            if state not in ("up", "stale"):
                continue
            missing = self._freshness.missing(instrument, now)
            if missing and state == "up":
                log.warning("%s: %s stopped", instrument, ", ".join(missing))
                self._tell(instrument, "stale")
            elif not missing and state == "stale":
                self._tell(instrument, "up")

    # ---- inside

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Until it ends or the feed is closed; its failure is the feed's."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_end)

    def _on_task_end(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = error
            self._arrived.set()

    def _rise(self) -> None:
        """Everything is connected and subscribed."""
        self.epoch += 1
        for instrument in self._state:
            if instrument in self._left_out:
                continue
            self._faults[instrument].clear()
            self._tell(instrument, "up")
            self._repair.on_up(instrument, self.market_time)

    def _fall(self) -> None:
        """Something of it is not, any more."""
        for instrument, state in self._state.items():
            if state != "down":
                self._tell(instrument, "down")

    def _take(self, event: Event) -> None:
        """Hands an event on, if it can be true."""
        kind, instrument, ts = type(event), event.instrument, event.ts
        check = CHECKS.get(kind)
        if (check is not None and not check(event)) or not (0 < ts <= self.clock.horizon or self._may_be(event)):
            self._refuse(event)
            return
        if kind is Quote and "quote" in self._faults[instrument]:
            self._mended(instrument, "quote")
        self._seen[kind][instrument] = ts
        if self._held and instrument in self._held and (kind is Quote or kind is Depth):
            return
        if self._left_out and instrument in self._left_out:
            return
        if kind is Candle:
            self._repair.take(event)  # type: ignore[arg-type]
        else:
            self._put(event)

    def _may_be(self, event: Event) -> bool:
        """A book's snapshot may come before the market has told its time."""
        return (isinstance(event, Depth) and event.ts == 0) or self.clock.leap(event.ts)

    def _refuse(self, event: Event) -> None:
        self.nonsense += 1
        log.error("what can't be was sent: %.300s", event)
        if isinstance(event, Quote):
            self._fault(event.instrument, "quote")
        elif isinstance(event, Depth):
            self.lose_book(event.instrument)

    def _leave_out(self, instrument: InstrumentId, why: str) -> None:
        """The venue refuses to tell of an instrument: it stays down, and the others go on."""
        if instrument in self._left_out:
            return
        log.error("%s is left out until the feed starts again: %s", instrument, why)
        self._left_out.add(instrument)
        self._tell(instrument, "down")

    def _put(self, event: Event) -> None:
        batch = self._batch
        if not batch:
            self._arrived.set()
        batch.append(event)
        if len(batch) >= self._conflate_at:
            self._batch = conflated(batch)
            self._conflate_at = max(MOST_WAITING, 2 * len(self._batch))
            self.conflations += 1

    def _tell(self, instrument: InstrumentId, state: str) -> None:
        self._state[instrument] = state
        (self._held.add if state == "quarantined" else self._held.discard)(instrument)
        if state != "stale":
            self._freshness.restart(instrument, self._now.at(self.market_time))
        self._put(FeedStatus(instrument, self.market_time, self.epoch, state))

    def _fault(self, instrument: InstrumentId, what: str) -> None:
        self._faults[instrument].add(what)
        if self._state[instrument] in ("up", "stale"):
            self._tell(instrument, "quarantined")

    def _mended(self, instrument: InstrumentId, what: str) -> None:
        """One reason less to keep an instrument in quarantine. When it ends, the book is told whole."""
        faults = self._faults[instrument]
        faults.discard(what)
        if faults or self._state[instrument] != "quarantined":
            return
        self._tell(instrument, "up")
        if what != "book" and (whole := self.whole_book(instrument)) is not None:
            self._put(whole)
