"""What wiring asks of an adapter: a market's REST, its feed, an account's broker, and what they are made of."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from jtrader.app.settings import Settings
from jtrader.domain.ids import AccountId, InstrumentId, Market
from jtrader.domain.market import Mark
from jtrader.domain.times import SECOND
from jtrader.exchange.common.books import SnapshotSource
from jtrader.exchange.common.feed_core import FeedCore
from jtrader.exchange.common.listing import ListingWatch
from jtrader.exchange.common.session import Keys
from jtrader.ports.broker import Broker
from jtrader.ports.market_data import (
    CandleSource,
    FundingSource,
    InstrumentSource,
    OpenInterestSource,
    TradeSource,
)


class PublicRest(InstrumentSource, CandleSource, TradeSource, FundingSource, OpenInterestSource, Protocol):
    """What every venue's REST tells of one market. Safe to use from threads; `close` it."""

    def close(self) -> None: ...


class FeedHelp(CandleSource, SnapshotSource, Protocol):
    """What a feed asks of REST meanwhile: missing minutes, whole books, marks where a venue streams none."""

    def mark(self, instrument: InstrumentId) -> Mark | None: ...


class FeedSpec(NamedTuple):
    """One market's feed. Without `rest` missing minutes stay missing, and books that begin with REST are not kept;
    without `listing` changed rules and halts are not told."""

    market: Market
    instruments: Sequence[InstrumentId]
    settings: Settings
    rest: FeedHelp | None
    listing: ListingWatch | None


class BrokerSpec(NamedTuple):
    """One account's broker on one market. `simulator`: the address of the one that stands for the venue, if any."""

    account: AccountId
    market: Market
    instruments: Sequence[InstrumentId]
    keys: Keys
    settings: Settings
    simulator: str | None


class Venue(NamedTuple):
    """`closed`: why nobody can trade there any more. `needs_proof`: `live` only after a probe (see wiring.proof)."""

    name: str
    rest: Callable[[Market, Settings, str], PublicRest]
    feed: Callable[[FeedSpec], FeedCore]
    broker: Callable[[BrokerSpec], Broker]
    closed: str = ""
    needs_proof: bool = False


def pause_file(settings: Settings, name: str) -> Path:
    """Where processes that share this machine's address note that a venue wants to be left alone."""
    return settings.root / "pauses" / name


def stale_after(settings: Settings) -> int:
    """Market ns of silence after which what a feed told is stale."""
    return int(settings.feed_stale_after_seconds * SECOND)
