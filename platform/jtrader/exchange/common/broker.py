"""What all brokers have in common: how they tell of their private stream, and what they hand on from it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Protocol

from jtrader.domain.account import VenueEntry
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, InstrumentId, Market, split_instrument_id
from jtrader.exchange.common.asking import until_told
from jtrader.exchange.common.reports import Report


class PrivateStream(Protocol):
    """`live` is set while it is connected."""

    live: asyncio.Event

    def reports(self) -> AsyncIterator[Report]: ...


class CountedStream(PrivateStream, Protocol):
    """`epoch` counts its connections."""

    epoch: int


class OnPrivateStream:
    """Says whether the private stream stands."""

    _stream: PrivateStream

    @property
    def is_live(self) -> bool:
        """The private stream stands."""
        return self._stream.live.is_set()

    async def wait_live(self) -> None:
        """Returns once `reports` has connected: orders sent from then on are reported as they happen."""
        await self._stream.live.wait()


class StreamBroker(OnPrivateStream, ABC):
    """One account on one market. `_since` is the market's time (ns) from which on fills and ledger rows may be missed:
    that of the first `reports`."""

    _stream: CountedStream

    def __init__(self, account: AccountId, market: Market, instruments: Sequence[InstrumentId]) -> None:
        self.account = account
        self.market = market
        self._instruments = tuple(instruments)
        self._since = 0
        self._seen_entries: set[str] = set()

    @abstractmethod
    async def _market_time(self) -> int:
        """The market's time now, or the minute that it is in (ns). Raises BrokerError."""

    @abstractmethod
    def _heard(self, report: Report) -> None:
        """Keeps what the next reading over REST starts from; called before the report is told."""

    @property
    def stream_epoch(self) -> int:
        """How many times the private stream has connected."""
        return self._stream.epoch

    async def reports(self) -> AsyncIterator[Report]:
        """Order states, fills, funding and transfers. Raises AccessDenied where the key is refused."""
        self._since = self._since or await until_told(self._market_time, "the time of the market")
        async for report in self._stream.reports():
            self._heard(report)
            yield report

    def _fresh(self, entries: Iterable[VenueEntry]) -> list[VenueEntry]:
        """Those not yet handed out; from now on they are."""
        fresh = [entry for entry in entries if entry.entry_id not in self._seen_entries]
        self._seen_entries.update(entry.entry_id for entry in fresh)
        return fresh

    def _symbol(self, instrument: InstrumentId) -> str:
        """The venue's. Raises BadInput for what is on another market."""
        market, symbol = split_instrument_id(instrument)
        if market != self.market:
            raise BadInput(f"{instrument} is not on {self.market}, where account {self.account} trades")
        return symbol
