"""Paper accounts in the oms: the bus's events move their venues; what happens there is on disk before it is told."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from jtrader.app.services.oms.trade_line import PATIENCE_SECONDS, RecordedTrades, TradeLine
from jtrader.bus.market import Batch
from jtrader.domain.errors import JtraderError
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.domain.market import Event, Funding, Trade
from jtrader.domain.times import MINUTE, iso
from jtrader.store.paper.file import PaperFile
from jtrader.store.recorder.reading import Heard
from jtrader.venue.account import Account
from jtrader.venue.paper import PaperMarket
from jtrader.venue.paper_broker import PaperBroker
from jtrader.venue.units import ATOM, atoms

RATE_TRIES, RATE_SECONDS = 4, 1.0
"""How often, and how far apart, the venue is asked for a rate that it doesn't tell yet."""

log = logging.getLogger(__name__)


class VenueHistory(Protocol):
    """What the venue's REST tells of the past."""

    async def funding(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Funding]:
        """Settled rates, start ≤ ts < end, ascending."""
        ...

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        """Raises BadInput where the venue doesn't tell it any more."""
        ...

    async def close(self) -> None: ...


class PaperAccount:
    """One account, which has its market to itself: what it takes is there for every other account too, and no two of
    ours ever trade with each other, as neither would leave a trace in the market that the feed tells of."""

    def __init__(
        self,
        market: PaperMarket,
        wallet: Account,
        file: PaperFile,
        history: VenueHistory,
        rate_seconds: float = RATE_SECONDS,
        recorded: RecordedTrades | None = None,
        is_numbered: Callable[[InstrumentId], bool] = lambda name: False,  # noqa: ARG005
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`file` holds the account already. `recorded` has the trades that the bus loses, or told while nobody
        listened; `patience` is how many seconds they are waited for."""
        self.market = market
        self._wallet = wallet
        self._file = file
        self._history = history
        self._rate_seconds = rate_seconds
        self._standstill = asyncio.Lock()
        self._lines: dict[InstrumentId, TradeLine] = {}
        self._symbols: dict[InstrumentId, str] = {}
        for symbol, listing in market.venue.listings.items():
            name, heard = listing.instrument.id, market.known.heard.get(symbol)
            self._symbols[name] = symbol
            last = None if heard is None else Heard(heard[0], frozenset(heard[1]))
            self._lines[name] = TradeLine(name, recorded, is_numbered(name), last, patience)
        self.broker = PaperBroker(
            AccountId(wallet.name), market, wallet, self.settle, self._standstill, time.monotonic_ns
        )

    @property
    def instruments(self) -> list[InstrumentId]:
        return [listing.instrument.id for listing in self.market.venue.listings.values()]

    @property
    def troubles(self) -> list[str]:
        """Why instruments can't be traded now."""
        wall, trust = time.monotonic_ns(), self.market.trust
        return [why for symbol in self.market.venue.listings if (why := trust.why_not(symbol, wall))]

    @property
    def lost_trades(self) -> int:
        """Holes among the trades that could not be filled."""
        return sum(line.unfilled for line in self._lines.values())

    async def take(self, batch: Batch) -> None:
        """Applies what the feed told, trades that were lost before it first; nothing of it is told on before
        `settle`."""
        self.market.trust.word(time.monotonic_ns())
        if batch.missed and batch.kind == "depth":
            self.market.lost(batch.instrument)
        line = self._lines.get(batch.instrument)
        if line is None or batch.kind not in ("trade", "status"):
            await self._apply(batch.events)
            return
        line.see(batch)
        trades = [event for event in batch.events if isinstance(event, Trade)]
        if line.is_behind(trades):
            await self._fill(line, trades[0])
        await self._apply(line.fresh(trades) if batch.kind == "trade" else batch.events)
        self._heard(line)

    async def look_back(self) -> None:
        """Applies lost trades as far as the recorder has them, where orders rest whose next trade has not come yet."""
        for line in self._lines.values():
            if line.is_due:
                await self._fill(line, None)
                self._heard(line)

    async def _fill(self, line: TradeLine, until: Trade | None) -> None:
        """Nothing can be ordered meanwhile: an order is not met by trades from before it."""
        if not self._rests(self._symbols[line.instrument]):
            if until is not None:
                line.skip()
            return
        async with self._standstill:
            async for trades in line.missing(until):
                for trade in trades:
                    if not self.market.meets_newer(trade):
                        await self._apply([trade], is_still=True)
                await asyncio.sleep(0)

    async def _apply(self, events: Sequence[Event], is_still: bool = False) -> None:
        """`is_still`: the standstill is held already."""
        for event in events:
            if self.market.funding_due(event.ts):
                if is_still:
                    await self._settle_due(event.ts)
                else:
                    await self.catch_up(event.ts)
            self.market.apply(event)

    def _rests(self, symbol: str) -> bool:
        """Whether an order waits for what others trade."""
        wallet = self._wallet
        return any(
            order.symbol == symbol
            for orders in (wallet.open_orders, wallet.open_conditionals)
            for order in orders.values()
        )

    def _heard(self, line: TradeLine) -> None:
        """What is written down with the account: where to go on after a restart."""
        if line.heard is not None:
            self.market.known.heard[self._symbols[line.instrument]] = line.heard.ts, tuple(line.heard.ids)

    def settle(self) -> None:
        """What has happened is written down, then told."""
        happened = self.market.drain()
        if happened or self.market.minutes:
            self._file.save(self.market, self._wallet, happened, durable=bool(happened))
        self.broker.tell(happened)

    async def catch_up(self, now: int) -> None:
        """Settles each funding instant up to `now` that was not settled yet, at the rates that the venue settled at.
        Nothing can be ordered meanwhile, so that the positions are those of the instant."""
        async with self._standstill:
            await self._settle_due(now)
        self.settle()

    async def close(self) -> None:
        await self._history.close()
        self._file.close()

    async def _settle_due(self, now: int) -> None:
        for symbol, instant in self.market.funding_due(now):
            await self._settle_funding(symbol, instant, now)

    async def _settle_funding(self, symbol: str, first: int, now: int) -> None:
        """Where the venue tells no rate in time, the one that it predicted last is taken for the first instant."""
        known = self.market.known
        name = self.market.venue.listings[symbol].instrument.id
        rows: Sequence[Funding] = ()
        if self._wallet.net_lots(symbol):
            rows = await self._rates(name, first, now)
        for row in rows:
            instant = row.ts - row.ts % MINUTE
            mark = await self._mark(name, instant) if now - instant > MINUTE else None
            self.market.settle_funding(symbol, instant, round(row.rate * ATOM), mark)
        self.market.settle_funding(symbol, first, known.predicted.get(symbol, 0))

    async def _rates(self, name: InstrumentId, first: int, now: int) -> Sequence[Funding]:
        for turn in range(RATE_TRIES):
            if turn:
                await asyncio.sleep(self._rate_seconds)
            try:
                if rows := await self._history.funding(name, first, max(now, first + MINUTE)):
                    return rows
            except JtraderError as error:
                log.warning("the funding rate of %s at %s: %s", name, iso(first), error)
        log.warning("%s: no settled funding rate of %s is told; the predicted one is taken", name, iso(first))
        return ()

    async def _mark(self, name: InstrumentId, instant: int) -> int | None:
        """None = the newest that is known."""
        try:
            return atoms(await self._history.mark_at(name, instant))
        except JtraderError as error:
            log.warning("%s", error)
            return None
