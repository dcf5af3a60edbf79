"""What the venue keeps and tells: orders, trades, ledger rows, holdings, positions, and what happened.

Amounts are atoms, prices ticks and quantities lots where nothing else is said.
"""

from enum import StrEnum

import msgspec

from jtrader.domain.instrument import InstrumentStatus
from jtrader.domain.order import OrderStatus
from jtrader.matching.entry import Style
from jtrader.venue.words import Ended, Leg, Origin, Trigger


class Order(msgspec.Struct, kw_only=True, gc=False):
    """An account's order, changed in place while it lives. `price` is in ticks, None for a market order.

    `quote` is what the filled lots were worth: in quote (spot, linear), in the settle coin (inverse, quanto).
    `locked` is what a spot order holds back. A conditional order waits under `algo_id` (and `id` already, which its
    working order will have) until `triggered`, the market time at which it went into the book.
    """

    id: int
    client_id: str
    account: str
    symbol: str
    side: int
    style: Style
    lots: int
    price: int | None
    reduce_only: bool
    created: int
    updated: int
    status: OrderStatus = OrderStatus.NEW
    filled: int = 0
    quote: int = 0
    tick_lots: int = 0
    """Σ price·lots of its trades in ticks and lots: over `filled` it is the average price."""
    quote_wanted: int = 0
    """A spot market order by quote amount: the amount in atoms, else 0."""
    locked: int = 0
    cancel_id: str = ""
    leg: Leg = Leg.BOTH
    trigger: Trigger | None = None
    algo_id: int = 0
    triggered: int = 0
    close_position: bool = False
    """A conditional order that closes whatever the position is when it triggers: its lots are 0 until then."""
    origin: Origin = Origin.ACCOUNT
    ended: Ended = Ended.NOT
    amended: int = 0
    """How often it was amended."""

    @property
    def left(self) -> int:
        return self.lots - self.filled

    @property
    def is_open(self) -> bool:
        return not self.status.is_terminal

    @property
    def is_waiting(self) -> bool:
        """A conditional order whose price has not come."""
        return self.trigger is not None and not self.triggered and self.is_open


class Trade(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One execution of one account's order. `fee` in atoms of `fee_asset`, above zero = paid; `quote` as in Order;
    `realised` in atoms of the settle coin; `closed` of the lots reduced the position."""

    id: int
    order_id: int
    account: str
    symbol: str
    side: int
    price: int
    lots: int
    quote: int
    fee: int
    fee_asset: str
    maker: bool
    realised: int
    ts: int
    closed: int = 0
    leg: Leg = Leg.BOTH
    origin: Origin = Origin.ACCOUNT


class IncomeKind(StrEnum):
    """Of ledger rows. The names are Binance's where it has one; other dialects spell them their own way."""

    REALIZED_PNL = "REALIZED_PNL"
    COMMISSION = "COMMISSION"
    FUNDING_FEE = "FUNDING_FEE"
    TRANSFER = "TRANSFER"
    SETTLEMENT = "SETTLEMENT"
    """A periodic settlement moved unrealised P&L to the wallet (HTX)."""
    DELIVERY = "DELIVERY"
    """A dated contract was delivered: the P&L of what was held."""
    LIQUIDATION_FEE = "LIQUIDATION_FEE"
    INSURANCE = "INSURANCE"
    """The insurance fund paid what a liquidation cost beyond the wallet."""
    REBATE = "REBATE"
    CONVERT = "CONVERT"
    """One leg of a conversion of small amounts (dust)."""
    ADJUSTMENT = "ADJUSTMENT"
    """Undoes what a busted trade had moved."""
    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"


class Income(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of an account's ledger. The wallet is what it was opened with plus the sum of these (spot: plus trades).

    `balance` is the asset's total right after the row. What the amount was reckoned from stands beside it, where it
    applies: signed `lots` of the position (or of what was closed), `price` and `rate` in atoms, `fee` as part of the
    amount. `reference` names the other end: a market, an address, the conversion.
    """

    id: int
    kind: IncomeKind
    symbol: str
    asset: str
    amount: int
    ts: int
    trade_id: int | None = None
    order_id: int | None = None
    leg: Leg = Leg.BOTH
    lots: int = 0
    price: int = 0
    rate: int = 0
    fee: int = 0
    reference: str = ""
    balance: int = 0


class Holding(msgspec.Struct, gc=False):
    """One asset in atoms. Derivatives lock nothing: their margin is reckoned, not set aside."""

    free: int = 0
    locked: int = 0

    @property
    def total(self) -> int:
        return self.free + self.locked


class Position(msgspec.Struct, gc=False):
    """Signed lots and their exact signed cost in atoms: what is open was entered for this much.

    Cost is the signed worth at entry, so that P&L is worth now − cost (see `Listing.worth`). `open_cost` is the same
    without the re-basing of periodic settlements: it belongs to the open price, `cost` to the position price.
    """

    lots: int = 0
    cost: int = 0
    realised: int = 0
    """All that closing has realised so far, before fees (settlements apart)."""
    open_cost: int = 0
    settled: int = 0
    """All that settlements have moved to the wallet while it was open; 0 again when it is flat."""
    period_realised: int = 0
    """Realised since the last periodic settlement."""
    symbol: str = ""
    leg: Leg = Leg.BOTH
    margin: int = 0
    """Isolated: the part of the wallet that stands behind it; 0 for cross."""


def position_key(symbol: str, leg: Leg) -> str:
    """How a position is kept: the symbol alone in one-way mode."""
    return symbol if leg is Leg.BOTH else f"{symbol} {leg}"


class Execution(StrEnum):
    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    AMENDED = "AMENDED"
    TRIGGERED = "TRIGGERED"
    """A conditional order's price has come; NEW follows, or REJECTED."""
    REJECTED = "REJECTED"


class OrderReported(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order of an account changed; `order` is a copy as of then, `trade` the execution if it was one."""

    ts: int
    order: Order
    execution: Execution
    trade: Trade | None = None


class BalancesChanged(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Holdings (and derivative positions, by position key) of an account that changed together, as of then, and why."""

    ts: int
    account: str
    reason: str
    holdings: dict[str, Holding]
    positions: dict[str, Position]
    moved: int = 0
    """A transfer's or funding's amount in atoms: what changed a wallet besides trading."""
    rows: tuple[Income, ...] = ()
    """The ledger rows behind the change."""


class TradePrinted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A public trade: `side` is the taker's."""

    ts: int
    symbol: str
    id: int
    ticks: int
    lots: int
    side: int
    liquidation: bool = False


class StatusChanged(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    ts: int
    symbol: str
    status: InstrumentStatus


class RulesChanged(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Steps, limits, fees or margins of an instrument changed."""

    ts: int
    symbol: str


class ModeChanged(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An account changed its leverage or a mode; `symbol` empty = of the whole account."""

    ts: int
    account: str
    symbol: str


Happened = OrderReported | BalancesChanged | TradePrinted | StatusChanged | RulesChanged | ModeChanged
