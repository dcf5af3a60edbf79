"""What a venue changes about its instruments while we listen: halts, settling, delistings, steps and limits."""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from jtrader.domain.errors import JtraderError
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument, InstrumentStatus
from jtrader.domain.market import Event, TradingStatus
from jtrader.ports.market_data import InstrumentSource

log = logging.getLogger(__name__)

EVERY_SECONDS = 300.0


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
        found = {i.id: i for i in self._source.instruments() if i.id in self._names}
        told = changes(self.now, found, ts) if self.now else _not_trading(self._names, found, ts)
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
