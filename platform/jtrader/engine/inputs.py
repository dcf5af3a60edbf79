"""What comes into the engine: wishes of strategies and people, and what the venue says. Reports may come late, twice,
out of order or not at all; the engine makes journal events of them, each once."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from jtrader.domain.account import VenueEntry
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, ParentId, StrategyId
from jtrader.domain.order import Fill, Intent, ParentWish, VenueOrder
from jtrader.domain.signal import Signal
from jtrader.risk.limits import LimitSet


class Moment(msgspec.Struct, frozen=True):
    """Now, in both times, ns: market time drives decisions, wall time drives timeouts and proofs of absence."""

    market: int
    wall: int


class IntentSubmitted(msgspec.Struct, frozen=True):
    intent: Intent
    signal: Signal | None = None


class CancelAllAsked(msgspec.Struct, frozen=True):
    """Of one account, or of all of them; `actor` is empty where no person asks."""

    account: AccountId | None
    reason: str
    actor: str = ""


class ParentWished(msgspec.Struct, frozen=True):
    """Somebody wants a parent order paused, resumed (`run`) or cancelled."""

    parent_id: ParentId
    wish: ParentWish
    actor: str
    reason: str


class SubmitRefused(msgspec.Struct, frozen=True):
    """The venue's definite no, or never sent at all."""

    client_order_id: ClientOrderId
    code: str
    reason: str


class SubmitUncertain(msgspec.Struct, frozen=True):
    """Sent, and the answer was lost: timeout, 5xx, broken connection. `accepted`: the venue said that it has an order
    of this id (a request that arrived twice): it was taken, and has to be looked up."""

    client_order_id: ClientOrderId
    reason: str
    accepted: bool = False


class CancelUnclear(msgspec.Struct, frozen=True):
    """A cancel was answered with "not found", or not at all: the order has to be looked up."""

    client_order_id: ClientOrderId


class OrderReported(msgspec.Struct, frozen=True):
    """The state of an order as the venue tells it: answer to a submit or query, or from the stream. Of an answer to a
    query: the wall time at which it was `asked`, and how many ns the venue may still take a request after its signing.
    """

    order: VenueOrder
    asked: int | None = None
    request_life: int = 0


class OrderAbsent(msgspec.Struct, frozen=True):
    """Asked by our id at wall time `asked`, the venue knew neither the order nor a fill of it. `request_life`: how many
    ns after its signing the venue may still take a request."""

    client_order_id: ClientOrderId
    asked: int
    stream_is_live: bool
    request_life: int


class OpenOrdersListed(msgspec.Struct, frozen=True):
    """All orders that the venue has open for an account, asked for at wall time `asked`."""

    account: AccountId
    orders: tuple[VenueOrder, ...]
    asked: int


class FillReported(msgspec.Struct, frozen=True):
    fill: Fill


class EntryReported(msgspec.Struct, frozen=True):
    entry: VenueEntry


class CancelAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Of one order, by a person."""

    client_order_id: ClientOrderId
    actor: str
    reason: str


class LimitsAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Other limits for all accounts, by a person."""

    limits: dict[AccountId, LimitSet]
    actor: str
    reason: str


class AmendAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Of a resting limit order, by a person: its new total quantity, filled part included, and price; None = stays."""

    client_order_id: ClientOrderId
    quantity: Decimal | None
    price: Decimal | None
    actor: str
    reason: str


class AmendRefused(msgspec.Struct, frozen=True):
    """The venue's definite no: the order stands as it stood."""

    client_order_id: ClientOrderId
    code: str
    reason: str


class AmendUncertain(msgspec.Struct, frozen=True):
    """Sent, and the answer was lost."""

    client_order_id: ClientOrderId


class AmendNotOffered(msgspec.Struct, frozen=True):
    """Nothing was sent: the venue can't change this order in place."""

    client_order_id: ClientOrderId


class AssignAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A person gives what is UNASSIGNED to a strategy: `quantity` of it, above zero; None = all."""

    account: AccountId
    instrument: InstrumentId
    strategy: StrategyId
    quantity: Decimal | None
    actor: str
    reason: str


class Outcome(StrEnum):
    """What a person found that became of an order UNKNOWN."""

    ABSENT = "absent"
    FILLED = "filled"


class ResolveAsked(msgspec.Struct, frozen=True, kw_only=True):
    """`fill`, for FILLED: as the venue's page tells it, under the venue's trade id, so that the venue's own report of
    it is known when it comes."""

    client_order_id: ClientOrderId
    outcome: Outcome
    actor: str
    reason: str
    fill: Fill | None = None


class AcknowledgeAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A person explains a break of the statement of a day (as 2026-01-15)."""

    account: AccountId
    date: str
    break_id: str
    actor: str
    reason: str


class AdjustAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A person corrects what an account's books say it holds: by `amount`, as of market time `at` (None = now)."""

    account: AccountId
    asset: str
    amount: Decimal
    at: int | None
    actor: str
    reason: str


class AccountFound(msgspec.Struct, frozen=True):
    """The account at its first start: flat, with these balances."""

    account: AccountId
    balances: dict[str, Decimal]


class Ticked(msgspec.Struct, frozen=True):
    """A second of wall time has passed."""


class Restarted(msgspec.Struct, frozen=True):
    """The journal was replayed: what was in flight when the process ended is UNKNOWN now."""


Input = (
    IntentSubmitted
    | CancelAllAsked
    | ParentWished
    | SubmitRefused
    | SubmitUncertain
    | CancelUnclear
    | OrderReported
    | OrderAbsent
    | OpenOrdersListed
    | FillReported
    | EntryReported
    | CancelAsked
    | AmendAsked
    | LimitsAsked
    | AmendRefused
    | AmendUncertain
    | AmendNotOffered
    | AssignAsked
    | ResolveAsked
    | AcknowledgeAsked
    | AdjustAsked
    | AccountFound
    | Ticked
    | Restarted
)
