"""What a venue lists, row by row, and what it changes about its instruments while we listen: halts, settling,
delistings, steps and limits."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from jtrader.domain.errors import Broken, JtraderError
from jtrader.domain.ids import InstrumentId, instrument_id
from jtrader.domain.instrument import Instrument, InstrumentStatus, Offered
from jtrader.domain.market import Event, TradingStatus
from jtrader.ports.market_data import InstrumentSource

log = logging.getLogger(__name__)

EVERY_SECONDS = 300.0

Row = TypeVar("Row")
_UNREADABLE = (JtraderError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


def offered(
    market: str, rows: Iterable[Row], symbol_of: Callable[[Row], str], read: Callable[[Row], Instrument | None]
) -> Offered:
    """A market's rows as instruments, by id; `read` returns None for what is not offered. A row that can't be read is
    left out with an alarm that names it. Raises Broken where none is left."""
    found: list[Instrument] = []
    unread: dict[str, Exception] = {}
    for row in rows:
        try:
            one = read(row)
        except _UNREADABLE as error:
            symbol = _named(row, symbol_of)
            unread[symbol] = error
            log.error("%s: its row of %s can't be read, so it is left out: %s", market, symbol or "no name", error)
        else:
            found += [one] if one is not None else []
    if not found:
        why = f" that can be read: {next(iter(unread.values()))}" if unread else ""
        raise Broken(f"{market} lists nothing{why}")
    listed = Offered(sorted(found, key=lambda one: one.id))
    listed.unreadable = frozenset(instrument_id(market, symbol) for symbol in unread if symbol)
    return listed


def _named(row: Row, symbol_of: Callable[[Row], str]) -> str:
    try:
        return symbol_of(row)
    except _UNREADABLE:
        return ""


class ListingWatch:
    """Reads the venue's rules every `every` wall seconds and tells what changed for the given instruments. `now` holds
    the rules as last read."""

    def __init__(
        self, source: InstrumentSource, instruments: Sequence[InstrumentId], every: float = EVERY_SECONDS
    ) -> None:
        self._source = source
        self._names = frozenset(instruments)
        self._every = every
        self.now: Mapping[InstrumentId, Instrument] = {}

    async def follow(self, market_time: Callable[[], int], tell: Callable[[Event], None]) -> None:
        """Until cancelled, at first after a random part of the time, so that many listeners don't ask at one instant. A
        venue that doesn't answer changes nothing."""
        await asyncio.sleep(random.uniform(self._every / 2, self._every))
        while True:
            try:
                for event in await asyncio.to_thread(self.refresh, market_time()):
                    tell(event)
            except JtraderError as error:
                log.warning("the venue's rules can't be read: %s", error)
            await asyncio.sleep(self._every)

    def refresh(self, ts: int) -> list[TradingStatus]:
        """Reads the rules now. The first reading tells only what is not trading."""
        listed = self._source.instruments()
        found = {i.id: i for i in listed if i.id in self._names}
        unreadable = listed.unreadable if isinstance(listed, Offered) else frozenset()
        found |= {name: self.now[name] for name in unreadable if name in self.now}
        told = changes(self.now, found, ts) if self.now else _not_trading(self._names - unreadable, found, ts)
        self.now = found
        return told


def changes(
    before: Mapping[InstrumentId, Instrument], after: Mapping[InstrumentId, Instrument], ts: int
) -> list[TradingStatus]:
    """One event for each instrument whose status changed or that is gone, `rules` where anything else did."""
    told = []
    for name, old in before.items():
        new = after.get(name)
        if new is None:
            if old.status is not InstrumentStatus.DELISTED:
                told.append(TradingStatus(name, ts, InstrumentStatus.DELISTED.value))
            continue
        if new.status is not old.status:
            told.append(TradingStatus(name, ts, new.status.value))
        if replace(new, status=old.status, valid_from=old.valid_from) != old:
            told.append(TradingStatus(name, ts, "rules"))
    told += [TradingStatus(name, ts, after[name].status.value) for name in after if name not in before]
    return told


def _not_trading(
    names: frozenset[InstrumentId], found: Mapping[InstrumentId, Instrument], ts: int
) -> list[TradingStatus]:
    states = {name: found[name].status if name in found else InstrumentStatus.DELISTED for name in sorted(names)}
    return [TradingStatus(name, ts, s.value) for name, s in states.items() if s is not InstrumentStatus.TRADING]
