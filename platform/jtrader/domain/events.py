"""What the OMS journals and publishes: past tense, tagged, append-only. Replaying them rebuilds its whole state.

`ts` is market time in ns. Order of a life: IntentReceived → ChildAccepted | ChildRefused → (OrderAcknowledged |
OrderRejected | OrderUnknown) → OrderFilled … → OrderClosed. Ledger rows of the venue come as EntryBooked. What a parent
must remember is a ParentChanged before the children of the same step.
"""

from decimal import Decimal
from typing import Any

import msgspec

from jtrader.domain.account import VenueEntry
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market, ParentId, StrategyId, VenueOrderId
from jtrader.domain.order import ChildOrder, Fill, Intent, OrderStatus, ParentState, ParentWish, Side
from jtrader.domain.signal import Signal


class OmsEvent(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    ts: int


class AccountOpened(OmsEvent, frozen=True, kw_only=True, tag="account_opened"):
    """The opening statement of an account: balances per asset when jtrader first took it over (it must be flat)."""

    account: AccountId
    balances: dict[str, Decimal]


class SignalRecorded(OmsEvent, frozen=True, kw_only=True, tag="signal_recorded"):
    signal: Signal


class IntentReceived(OmsEvent, frozen=True, kw_only=True, tag="intent_received"):
    intent: Intent


class IntentRefused(OmsEvent, frozen=True, kw_only=True, tag="intent_refused"):
    """A parent that never became a child: unknown instrument or account, not tradable, duplicate."""

    intent: Intent
    code: str
    reason: str


class ChildAccepted(OmsEvent, frozen=True, kw_only=True, tag="child_accepted", gc=False):
    """The gate approved it; it is on disk before it is sent."""

    order: ChildOrder


class ChildRefused(OmsEvent, frozen=True, kw_only=True, tag="child_refused"):
    order: ChildOrder
    code: str
    reason: str


class OrderAcknowledged(OmsEvent, frozen=True, kw_only=True, tag="order_acknowledged"):
    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId


class OrderRejected(OmsEvent, frozen=True, kw_only=True, tag="order_rejected"):
    client_order_id: ClientOrderId
    code: str
    reason: str


class OrderUnknown(OmsEvent, frozen=True, kw_only=True, tag="order_unknown"):
    """Sent, and nobody can say yet whether it lives: counted at full size until proven. `accepted`: the venue has said
    that an order of this id exists, so that its absence never proves that it was not taken."""

    client_order_id: ClientOrderId
    reason: str
    accepted: bool = False


class CancelRequested(OmsEvent, frozen=True, kw_only=True, tag="cancel_requested"):
    """`actor`: the person who asked for it, empty where the desk did."""

    client_order_id: ClientOrderId
    reason: str
    actor: str = ""


class RiskLatched(OmsEvent, frozen=True, kw_only=True, tag="risk_latched"):
    """Risk takes no new risk here until a named person releases it: a strategy repeated itself, a loss limit was hit.
    None = all of them."""

    code: str
    reason: str
    account: AccountId
    market: Market
    strategy: StrategyId | None = None
    instrument: InstrumentId | None = None
    side: Side | None = None

    @property
    def key(self) -> tuple[str, AccountId, StrategyId | None, InstrumentId | None, Side | None]:
        return self.code, self.account, self.strategy, self.instrument, self.side


class KillChanged(OmsEvent, frozen=True, kw_only=True, tag="kill_changed"):
    """A named person set a kill level for a scope (None = all), or released it (level 0) with what risk had latched in
    it. `at` is the wall time of the change, ns."""

    at: int
    level: int
    reason: str
    actor: str
    account: AccountId | None = None
    strategy: StrategyId | None = None
    venue: str | None = None


class LimitsChanged(OmsEvent, frozen=True, kw_only=True, tag="limits_changed"):
    """A named person put other limits in force: by name, before and after, empty = unset."""

    changes: dict[str, tuple[str, str]]
    actor: str
    reason: str


class EquityMarked(OmsEvent, frozen=True, kw_only=True, tag="equity_marked"):
    """Equity in one asset, net of transfers, at the first sight of an account (or of a strategy on it), of a UTC day,
    and wherever it reached a new height. Losses are measured from it."""

    account: AccountId
    asset: str
    equity: Decimal
    strategy: StrategyId | None = None


class OrderFilled(OmsEvent, frozen=True, kw_only=True, tag="order_filled", gc=False):
    """Applied once per (account, instrument, trade id). `fill.client_order_id` None = not an order of ours; `origin`
    then tells whose it was: liquidation, adl, settlement or external, with the venue's client id where it has one."""

    fill: Fill
    origin: str = ""


class OrderClosed(OmsEvent, frozen=True, kw_only=True, tag="order_closed"):
    """A terminal report of the venue: filled, canceled, expired (or rejected after proof of absence)."""

    client_order_id: ClientOrderId
    status: OrderStatus
    reason: str = ""


class EntryBooked(OmsEvent, frozen=True, kw_only=True, tag="entry_booked", gc=False):
    """A row of the venue's ledger that is no trade: funding, transfer, rebate …"""

    entry: VenueEntry


class MarkSeen(OmsEvent, frozen=True, kw_only=True, tag="mark_seen"):
    """The mark that live P&L used last; journaled sparsely (once a market minute), never for decisions."""

    instrument: InstrumentId
    mark: Decimal


class FundingSeen(OmsEvent, frozen=True, kw_only=True, tag="funding_seen"):
    """A funding instant has passed: the mark and rate (a fraction of notional) that were streamed last before it.

    The venue's entries are booked as they come; this serves strategies whose positions cancel out, of which the venue
    books nothing.
    """

    instrument: InstrumentId
    instant: int
    mark: Decimal
    rate: Decimal


class ExpirySeen(OmsEvent, frozen=True, kw_only=True, tag="expiry_seen"):
    """A dated contract has expired while strategies held positions that cancel out: `price` is the mark at its expiry.

    The venue delivers net positions; this closes the books of those of which it books nothing.
    """

    instrument: InstrumentId
    expiry: int
    price: Decimal


class PositionAssigned(OmsEvent, frozen=True, kw_only=True, tag="position_assigned"):
    """A person gave a part of what is UNASSIGNED to a strategy, with its cost; nothing was traded. `quantity` is signed
    like the position that moves."""

    assignment_id: str
    account: AccountId
    instrument: InstrumentId
    strategy: StrategyId
    quantity: Decimal
    actor: str
    reason: str


class AmendRequested(OmsEvent, frozen=True, kw_only=True, tag="amend_requested"):
    """A resting order is to have this total quantity (what filled is part of it) and price; until the venue has
    answered it counts at the larger of both quantities."""

    client_order_id: ClientOrderId
    quantity: Decimal
    price: Decimal
    actor: str
    reason: str


class OrderAmended(OmsEvent, frozen=True, kw_only=True, tag="order_amended"):
    """The venue has changed it."""

    client_order_id: ClientOrderId
    quantity: Decimal
    price: Decimal


class AmendRejected(OmsEvent, frozen=True, kw_only=True, tag="amend_rejected"):
    """The order stands as it stood, or has ended before it could be changed."""

    client_order_id: ClientOrderId
    code: str
    reason: str


class ReplaceStarted(OmsEvent, frozen=True, kw_only=True, tag="replace_started"):
    """The venue changes nothing in place: the order is being cancelled, and what is left then goes out anew."""

    client_order_id: ClientOrderId


class OrderReplaced(OmsEvent, frozen=True, kw_only=True, tag="order_replaced"):
    """It has ended with `left` to go, for which another order is made next, if the gate lets it."""

    client_order_id: ClientOrderId
    left: Decimal


class OrderResolved(OmsEvent, frozen=True, kw_only=True, tag="order_resolved"):
    """A person found out what became of an order UNKNOWN: `absent` or `filled`. The fills and the end that follow from
    it are events of their own, next to it."""

    client_order_id: ClientOrderId
    outcome: str
    actor: str
    reason: str


class ParentAsked(OmsEvent, frozen=True, kw_only=True, tag="parent_asked"):
    """Somebody wants a parent paused, resumed or cancelled."""

    parent_id: ParentId
    wish: ParentWish
    actor: str
    reason: str


class ParentChanged(OmsEvent, frozen=True, kw_only=True, tag="parent_changed"):
    """A parent's state, or what its algorithm must remember (`memo`, JSON-able), has changed."""

    parent_id: ParentId
    state: ParentState
    reason: str = ""
    memo: dict[str, Any] = {}


class BreakAcknowledged(OmsEvent, frozen=True, kw_only=True, tag="break_acknowledged"):
    """A person has seen a break of a statement and says what it is. The break stays where it is."""

    account: AccountId
    date: str
    break_id: str
    actor: str
    reason: str


class LedgerAdjusted(OmsEvent, frozen=True, kw_only=True, tag="ledger_adjusted"):
    """A person corrects the books by a new posting: `amount` of `asset` into the wallet as of market time `at`."""

    adjustment_id: str
    account: AccountId
    asset: str
    amount: Decimal
    at: int
    actor: str
    reason: str


Event = (
    AccountOpened
    | SignalRecorded
    | IntentReceived
    | IntentRefused
    | ChildAccepted
    | ChildRefused
    | OrderAcknowledged
    | OrderRejected
    | OrderUnknown
    | CancelRequested
    | RiskLatched
    | KillChanged
    | LimitsChanged
    | EquityMarked
    | OrderFilled
    | OrderClosed
    | EntryBooked
    | MarkSeen
    | FundingSeen
    | ExpirySeen
    | PositionAssigned
    | OrderResolved
    | BreakAcknowledged
    | LedgerAdjusted
    | AmendRequested
    | OrderAmended
    | AmendRejected
    | ReplaceStarted
    | OrderReplaced
    | ParentAsked
    | ParentChanged
)


class Sequenced(msgspec.Struct, frozen=True):
    """An event with its journal index: 1, 2, 3 … without a gap."""

    seq: int
    event: Event
