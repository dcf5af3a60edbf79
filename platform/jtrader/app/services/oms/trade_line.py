"""Every trade of an instrument once and in order: the bus, and what it lost from the recorder."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from time import monotonic
from typing import Protocol

from jtrader.bus.market import Batch
from jtrader.domain.errors import Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import FeedStatus, Trade
from jtrader.domain.times import iso
from jtrader.store.recorder.reading import Heard

PATIENCE_SECONDS = 5.0
"""How long the recorder may take to have what was lost: it writes every second, and asks the venue for what it lost
itself."""
POLL_SECONDS = 0.25
LOOK_SECONDS, MOST_LOOK_SECONDS = 2.0, 60.0
"""How soon the recorder is asked where the next trade does not come, and how seldom in the end."""

log = logging.getLogger(__name__)


class RecordedTrades(Protocol):
    """What the recorder has (`TradeReader`). Raises Unavailable; it is called in a thread."""

    def since(self, instrument: InstrumentId, heard: Heard, until: Trade | None = None) -> list[Trade]: ...

    def is_whole(self, instrument: InstrumentId, heard: Heard, until: Trade) -> bool: ...


class TradeLine:
    """Asks nothing by itself: `see` every batch of the instrument, and read `missing` where it `is_lossy`."""

    def __init__(
        self,
        instrument: InstrumentId,
        recorded: RecordedTrades | None,
        is_numbered: bool,
        heard: Heard | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`heard`: the last trade known from before this start."""
        self.instrument = instrument
        self.heard = heard
        self.is_lossy = heard is not None
        """Trades after `heard` may be missing."""
        self.unfilled = 0
        """Holes that the recorder could not fill in time."""
        self.filled = 0
        """Trades that came from the recorder."""
        self._recorded = recorded
        self._is_numbered = is_numbered
        self._patience = patience
        self._epoch: int | None = None
        self._look_at, self._pause = 0.0, LOOK_SECONDS
        """When the recorder is asked although no trade comes; the first time at once."""

    @property
    def is_due(self) -> bool:
        """Whether the recorder should be asked now, without waiting for the next trade."""
        if not self.is_lossy or monotonic() < self._look_at:
            return False
        self._look_at = monotonic() + self._pause
        self._pause = min(2 * self._pause, MOST_LOOK_SECONDS)
        return True

    def see(self, batch: Batch) -> None:
        """Notes what a batch of trades or statuses tells of losses; it is not handed on by that."""
        if batch.kind == "trade" and batch.missed:
            self._doubt()
        for event in batch.events:
            if isinstance(event, FeedStatus):
                if self._epoch is not None and event.epoch != self._epoch:
                    self._doubt()
                self._epoch = event.epoch

    def is_behind(self, trades: Sequence[Trade]) -> bool:
        """Whether some may be missing before these. Numbers that go on prove that none are."""
        if not trades or self.heard is None or not self.is_lossy:
            return False
        follows = self._is_numbered and trades[0].trade_id == self.heard.number + 1
        self.is_lossy = not follows
        return not follows

    def fresh(self, trades: Sequence[Trade], is_live: bool = True) -> list[Trade]:
        """Those that were not handed on yet; now they are. Live ones without numbers may stand out of order."""
        found = []
        for trade in trades:
            if self.heard is None:
                self.heard = Heard(trade.ts, frozenset({trade.trade_id}))
            elif self.heard.is_new(trade, self._is_numbered):
                self.heard = self.heard.then(trade, self._is_numbered)
            elif self._is_numbered or not is_live or trade.ts == self.heard.ts:
                continue
            found.append(trade)
        return found

    def skip(self) -> None:
        """Nobody wants what is missing."""
        self.is_lossy = False

    async def missing(self, until: Trade | None = None) -> AsyncIterator[list[Trade]]:
        """What is missing before `until`, waiting for the recorder; without `until`, what the recorder has by now, and
        the line stays lossy."""
        try:
            if until is not None and not await self._is_there(until):
                raise Unavailable(f"the recorder does not have all of them after {self._patience:.0f} s")
            async for trades in self._read(until):
                yield trades
        except Unavailable as error:
            if until is None:
                log.warning("%s: recorded trades can't be read yet (%s)", self.instrument, error)
                return
            since = iso(self.heard.ts) if self.heard is not None else "the start"
            log.error("%s: trades between %s and %s stay lost: %s", self.instrument, since, iso(until.ts), error)
            self.unfilled += 1
        if until is not None:
            self.is_lossy = False

    def _doubt(self) -> None:
        self.is_lossy = self.heard is not None
        self._pause = LOOK_SECONDS
        self._look_at = monotonic() + self._pause

    async def _is_there(self, until: Trade) -> bool:
        assert self.heard is not None
        end = monotonic() + self._patience
        while self._recorded is not None:
            try:
                if await asyncio.to_thread(self._recorded.is_whole, self.instrument, self.heard, until):
                    return True
            except Unavailable:
                if monotonic() > end:
                    raise
            if monotonic() > end:
                return False
            await asyncio.sleep(POLL_SECONDS)
        raise Unavailable("no recorder's database is set (mongo_uri)")

    async def _read(self, until: Trade | None) -> AsyncIterator[list[Trade]]:
        if self._recorded is None or self.heard is None:
            return
        while found := await asyncio.to_thread(self._recorded.since, self.instrument, self.heard, until):
            self.filled += len(found)
            yield self.fresh(found, is_live=False)
