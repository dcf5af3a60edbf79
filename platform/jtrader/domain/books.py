"""What the ledger says: postings, positions, P&L points, breaks and statements."""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

import msgspec

from jtrader.domain.account import EntryKind
from jtrader.domain.ids import AccountId, InstrumentId, StrategyId
from jtrader.domain.money import ZERO


class Posting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of a double entry. The lines of one `entry_id` sum to zero per asset.

    `book` is the ledger account: wallet (what the venue holds for us), inventory (quantity held, negative, and its
    cost), contracts (the counterparty of derivatives), realised, fees, funding, transfers, opening. Income is negative.
    """

    account: AccountId
    entry_id: str
    line: int
    ts: int
    kind: EntryKind
    book: str
    asset: str
    amount: Decimal
    instrument: InstrumentId | None = None
    strategy: StrategyId | None = None
    reference: str = ""


class PositionState(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy's position in one instrument. Amounts in the settle asset (spot: quote), since the account opened;
    `cost` is what the open quantity was entered for (signed like quantity), `unrealised` = value at mark − cost."""

    account: AccountId
    strategy: StrategyId
    instrument: InstrumentId
    settle: str
    ts: int
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    mark: Decimal | None = None
    unrealised: Decimal = ZERO

    @property
    def pnl(self) -> Decimal:
        """Net of fees and funding, at mark."""
        return self.realised + self.unrealised + self.funding - self.fees


class PnlPoint(msgspec.Struct, frozen=True, kw_only=True):
    """Live P&L of one strategy on one account at a market time, in one asset."""

    ts: int
    account: AccountId
    strategy: StrategyId
    asset: str
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    funding: Decimal


class BreakKind(StrEnum):
    """The class of a break. None is a tolerance: each is a break until it is explained."""

    TIMING = "timing"
    """Both have it, at different times: on another day, or not at the same moment."""
    ROUNDING = "rounding"
    """An amount differs by at most one smallest unit for each entry in it."""
    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    DIFFERS = "differs"
    """A figure of a line, or a sum whose lines have breaks."""
    UNKNOWN = "unknown"
    """A sum differs though each of its lines matches."""


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """One difference between our books and the venue's. `what` is fill, fee, realised, entry, balance, position or
    equity."""

    kind: BreakKind
    what: str
    reference: str
    asset: str
    ours: str
    theirs: str
    detail: str
    """A sentence: what differs, by how much, and where to look."""

    @property
    def id(self) -> str:
        """Eight hex digits that stand for exactly these figures: whoever acknowledges it has seen them."""
        words = "\n".join((self.what, self.reference, self.asset, self.ours, self.theirs))
        return sha256(words.encode()).hexdigest()[:8]


class Transit(msgspec.Struct, frozen=True, kw_only=True):
    """An amount whose trade lies before the cut and whose row in the venue's ledger is stamped after it."""

    reference: str
    asset: str
    amount: Decimal
    ts: int


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One account's trading day, ours against the venue's. Clean when there is no break.

    Equity per asset at the cut: balance + unrealised at the venue's mark (spot: balance). P&L = closing − opening −
    transfers. `transfers` per asset, inward positive.
    """

    account: AccountId
    date: dt.date
    version: int
    opening: dict[str, Decimal]
    closing: dict[str, Decimal]
    transfers: dict[str, Decimal]
    pnl_ledger: dict[str, Decimal]
    pnl_venue: dict[str, Decimal]
    fills: int
    matched: int
    breaks: tuple[Break, ...] = ()
    in_transit: tuple[Transit, ...] = ()

    @property
    def is_clean(self) -> bool:
        return not self.breaks

    @property
    def verdict(self) -> str:
        return "Clean" if self.is_clean else f"Breaks({len(self.breaks)})"
