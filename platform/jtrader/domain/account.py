"""What a venue tells of an account: balances, positions and its own ledger rows."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from jtrader.domain.ids import AccountId, InstrumentId


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """One asset of an account. Derivatives: `total` is the wallet balance, without unrealised P&L."""

    account: AccountId
    asset: str
    total: Decimal
    free: Decimal


class VenuePosition(msgspec.Struct, frozen=True, kw_only=True):
    """A derivative position as the venue books it. `quantity` is signed (+ long)."""

    account: AccountId
    instrument: InstrumentId
    quantity: Decimal
    entry_price: Decimal
    mark: Decimal
    unrealised: Decimal
    settle: str


class EntryKind(StrEnum):
    """Ledger entry types (spec: P&L accounting)."""

    TRADE = "trade"
    FEE = "fee"
    FUNDING = "funding"
    SETTLEMENT = "settlement"
    DELIVERY = "delivery"
    TRANSFER = "transfer"
    REBATE = "rebate"
    LIQUIDATION_FEE = "liquidation_fee"
    INSURANCE = "insurance"
    ADL = "adl"
    CONVERT = "convert"
    ADJUST = "adjust"


class VenueEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of the venue's own ledger (Binance: income). Key (account, entry_id); `amount` signed, in `asset`.

    `reference` is the trade id for TRADE (realised P&L) and FEE rows, empty otherwise.
    """

    account: AccountId
    entry_id: str
    kind: EntryKind
    asset: str
    amount: Decimal
    ts: int
    instrument: InstrumentId | None = None
    reference: str = ""


class PositionMode(StrEnum):
    ONE_WAY = "one_way"
    HEDGE = "hedge"


class MarginMode(StrEnum):
    CROSS = "cross"
    ISOLATED = "isolated"


class AccountMode(msgspec.Struct, frozen=True, kw_only=True):
    """How the venue keeps an account, as it tells it now; None = this market has no such choice or doesn't tell.

    `margin_modes` and `leverage` are by instrument, for those that the desk asks about.
    """

    account: AccountId
    position_mode: PositionMode | None = None
    multi_asset: bool | None = None
    native_fee_discount: bool | None = None
    """Fees are paid in the venue's own coin (BNB)."""
    margin_modes: dict[InstrumentId, MarginMode] = {}
    leverage: dict[InstrumentId, Decimal] = {}
