"""What the venue keeps and tells: orders, trades, ledger rows, and what happened."""

from enum import StrEnum

import msgspec

from jtrader.domain.order import OrderStatus
from jtrader.matching.entry import Style


class Order(msgspec.Struct, kw_only=True, gc=False):
    """An account's order, changed in place while it lives. `price` is in ticks, None for a market order.

    `quote` is what the filled lots cost (atoms), `locked` what a spot order holds back of `locked_asset` (atoms).
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
    quote_wanted: int = 0
    """A spot market order by quote amount: the amount in atoms, else 0."""
    locked: int = 0
    cancel_id: str = ""

    @property
    def left(self) -> int:
        return self.lots - self.filled

    @property
    def is_open(self) -> bool:
        return not self.status.is_terminal


class Trade(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One execution of one account's order. `fee` in atoms of `fee_asset`, `realised` in atoms (derivatives)."""

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


class IncomeKind(StrEnum):
    REALIZED_PNL = "REALIZED_PNL"
    COMMISSION = "COMMISSION"
    FUNDING_FEE = "FUNDING_FEE"
    TRANSFER = "TRANSFER"


class Income(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of an account's ledger. The wallet is what it was opened with plus the sum of these."""

    id: int
    kind: IncomeKind
    symbol: str
    asset: str
    amount: int
    ts: int
    trade_id: int | None = None


class Holding(msgspec.Struct, gc=False):
    """One asset in atoms. Derivatives lock nothing: their margin is reckoned, not set aside."""

    free: int = 0
    locked: int = 0

    @property
    def total(self) -> int:
        return self.free + self.locked


class Position(msgspec.Struct, gc=False):
    """Signed lots and their exact signed cost in atoms: what is open was entered for this much.

    `realised` is all that closing has realised so far, before fees.
    """

    lots: int = 0
    cost: int = 0
    realised: int = 0


class Execution(StrEnum):
    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


class OrderReported(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order of an account changed; `order` is a copy as of then, `trade` the execution if it was one."""

    ts: int
    order: Order
    execution: Execution
    trade: Trade | None = None


class BalancesChanged(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Holdings (and derivative positions) of an account that changed together, as of then, and why."""

    ts: int
    account: str
    reason: str
    holdings: dict[str, Holding]
    positions: dict[str, Position]
    moved: int = 0
    """A transfer's or funding's amount in atoms: what changed a wallet besides trading."""


class TradePrinted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A public trade: `side` is the taker's."""

    ts: int
    symbol: str
    id: int
    ticks: int
    lots: int
    side: int


Happened = OrderReported | BalancesChanged | TradePrinted
