"""Ledger rows of an account beside its private stream, which tells of them late, in part or not at all."""

import asyncio
import logging
from collections.abc import Callable

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.exchange.common.reports import EntryReader
from jtrader.ports.broker import AccessDenied, BrokerError

log = logging.getLogger(__name__)

LEDGER_SECONDS = 60.0
"""Without a hint the ledger is looked at this often (wall seconds): what takes its time (a withdrawal) or comes by
itself (funding) is told by nothing else."""
_WAITS = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Wall seconds between looks for a row that the stream has hinted at: the venue books it a little later."""
_OF_TRADES = (EntryKind.TRADE, EntryKind.FEE)


class LedgerWatch:
    """Hands new rows that are no trades on, soon after a `hint` at one, and now and then."""

    def __init__(
        self, reader: EntryReader, hand_on: Callable[[VenueEntry], None], every: float = LEDGER_SECONDS
    ) -> None:
        self._reader = reader
        self._hand_on = hand_on
        self._every = every
        self._hint = asyncio.Event()

    def hint(self) -> None:
        """The stream tells of something that should stand in the ledger."""
        self._hint.set()

    async def follow(self) -> None:
        """Ends by cancellation. Raises AccessDenied, and what is no BrokerError."""
        while True:
            is_hint = True
            try:
                async with asyncio.timeout(self._every):
                    await self._hint.wait()
            except TimeoutError:
                is_hint = False
            self._hint.clear()
            for wait in _WAITS if is_hint else _WAITS[:1]:
                await asyncio.sleep(wait)
                try:
                    fresh = [entry for entry in await self._reader.new_entries() if entry.kind not in _OF_TRADES]
                except AccessDenied:
                    raise
                except BrokerError as error:
                    log.warning("ledger rows can't be read (%s)", error)
                    continue
                for entry in fresh:
                    self._hand_on(entry)
                if fresh:
                    break
