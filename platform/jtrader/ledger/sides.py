"""The two sides of a reconciliation, in the same words: rows of the day and the account at both of its cuts."""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.errors import BadInput
from jtrader.domain.events import (
    AccountOpened,
    ChildAccepted,
    EntryBooked,
    Event,
    ExpirySeen,
    LedgerAdjusted,
    OrderFilled,
)
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO, plain
from jtrader.domain.order import Fill
from jtrader.domain.times import MINUTE, day_bounds, iso
from jtrader.ledger.book import Ledger, is_of_trade
from jtrader.ledger.books import Marks
from jtrader.ledger.position import FLAT, Holding

FillKey = tuple[InstrumentId, str]
"""Instrument and trade id; the account is the statement's."""

EXPIRY_GRACE = MINUTE
"""After a contract's expiry, until the oms has closed what cancels out there."""


class Window(msgspec.Struct, frozen=True):
    """The part of a trading day that is reconciled: [start, end), from the adoption on where that was within the day.

    What is stamped at the adoption itself is part of the opening, unless it belongs to a trade: an account is adopted
    flat, so its trades come after.
    """

    start: int
    end: int
    adopted: bool = False

    def has_fill(self, fill: Fill) -> bool:
        return self.start <= fill.ts < self.end

    def has_row(self, row: VenueEntry) -> bool:
        return self.is_after_start(row) and row.ts < self.end

    def is_after_start(self, row: VenueEntry) -> bool:
        return row.ts > self.start or (row.ts == self.start and (not self.adopted or is_of_trade(row)))


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """An account at a moment: wallet per asset, derivative holdings, equity per asset at the venue's mark."""

    balances: dict[str, Decimal]
    holdings: dict[InstrumentId, Holding]
    equity: dict[str, Decimal]


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """`fills` and `entries` may reach beyond the window: their neighbours settle what is in transit at a cut.

    `realised`, `wallet_moves` and `delivered` are told by our side only: realised P&L per derivative fill by our own
    arithmetic, the sum of the window's wallet postings per asset, and what a delivery row (by its id) closed; so is
    `undelivered`: by contract that expired in the window, the strategies' books that cancel out and stand open.
    """

    fills: tuple[Fill, ...]
    entries: tuple[VenueEntry, ...]
    opening: Cut
    closing: Cut
    realised: dict[FillKey, Decimal] = {}
    wallet_moves: dict[str, Decimal] = {}
    delivered: dict[str, Holding] = {}
    undelivered: dict[InstrumentId, str] = {}


def window_of(account: AccountId, date: dt.date, opened: AccountOpened | None) -> Window:
    """Raises BadInput where the account was not ours yet on that day."""
    start, end = day_bounds(date)
    if opened is None:
        raise BadInput(f"account {account} was never opened in the journal: nothing to reconcile; start the oms first")
    if opened.ts >= end:
        raise BadInput(f"account {account} was opened at {iso(opened.ts)}, after {date}: reconcile that day or later")
    return Window(max(start, opened.ts), end, adopted=opened.ts >= start)


def key_of(fill: Fill) -> FillKey:
    return fill.instrument, fill.trade_id


def order_of(fill: Fill) -> tuple[int, int]:
    """The venue's own time and trade number (0 where its trades have none: then the order of telling stays)."""
    return fill.ts, int(fill.trade_id) if fill.trade_id.isdigit() else 0


def in_venue_order(events: Iterable[Event]) -> list[Event]:
    """Money events by the venue's own time and trade number: the order in which its books moved.

    The journal's order is that of arrival; a fill that was missed and found later would meet another average cost.
    """

    def when(event: Event) -> tuple[int, int, int, str]:
        match event:
            case OrderFilled(fill=fill):
                ts, number = order_of(fill)
                return ts, 1, number, ""
            case EntryBooked(entry=entry):
                return entry.ts, 2, 0, entry.entry_id
            case LedgerAdjusted(at=at):
                return at, 3, 0, ""
            case ExpirySeen():
                return event.ts, 4, 0, ""
        return event.ts, 0, 0, ""

    names = [event for event in events if isinstance(event, ChildAccepted | AccountOpened)]
    money = [event for event in events if isinstance(event, OrderFilled | EntryBooked | LedgerAdjusted | ExpirySeen)]
    return [*names, *sorted(money, key=when)]


def our_side(
    account: AccountId,
    window: Window,
    events: Iterable[Event],
    instruments: Mapping[InstrumentId, Instrument],
    marks: tuple[Marks, Marks],
) -> Side:
    """Our books of the window, replayed from the journal's events; `marks` at its opening and closing.

    Raises BadInput where a mark of an open position is missing.
    """
    ledger = Ledger(instruments.values())
    fills: list[Fill] = []
    entries: list[VenueEntry] = []
    realised: dict[FillKey, Decimal] = {}
    moves: dict[str, Decimal] = {}
    delivered: dict[str, Holding] = {}
    undelivered: dict[InstrumentId, str] = {}
    opening: Cut | None = None
    closing: Cut | None = None
    mine = in_venue_order(of_account(account, events))
    delivers = any(isinstance(event, EntryBooked) and event.entry.kind is EntryKind.DELIVERY for event in mine)
    for event in mine:
        within = False
        match event:
            case OrderFilled(fill=fill):
                fills.append(fill)
                within, past = fill.ts >= window.start, fill.ts >= window.end
            case EntryBooked(entry=entry):
                entries.append(entry)
                within, past = window.is_after_start(entry), entry.ts >= window.end
            case LedgerAdjusted(at=at):
                within, past = at >= window.start, at >= window.end
            case ExpirySeen(ts=ts):
                within, past = ts >= window.start, ts >= window.end
            case _:
                past = False
        if past and closing is None:
            opening = opening or _cut(ledger, account, marks[0])
            closing = _cut(ledger, account, marks[1])
            undelivered = _undelivered(ledger, account, window)
        if isinstance(event, EntryBooked) and event.entry.kind is EntryKind.DELIVERY:
            closed = {str(name): held for name, held in ledger.net_holdings(account).items()}
            delivered[event.entry.entry_id] = closed.get(str(event.entry.instrument), FLAT)
        if past:
            if delivers:
                ledger.apply(event)
            continue
        if within and opening is None:
            opening = _cut(ledger, account, marks[0])
        for posting in ledger.apply(event):
            if posting.book != "wallet":
                continue
            if within:
                moves[posting.asset] = moves.get(posting.asset, ZERO) + posting.amount
            if isinstance(event, OrderFilled) and posting.kind == "trade":
                realised[key_of(event.fill)] = posting.amount
    if closing is None:
        undelivered = _undelivered(ledger, account, window)
    return Side(
        fills=tuple(fills),
        entries=tuple(entries),
        opening=opening or _cut(ledger, account, marks[0]),
        closing=closing or _cut(ledger, account, marks[1]),
        realised=realised,
        wallet_moves=moves,
        delivered=delivered,
        undelivered=undelivered,
    )


def of_account(account: AccountId, events: Iterable[Event]) -> list[Event]:
    kept: list[Event] = []
    for event in events:
        match event:
            case AccountOpened(account=owner) if owner == account:
                kept.append(event)
            case ChildAccepted(order=order) if order.account == account:
                kept.append(event)
            case OrderFilled(fill=fill) if fill.account == account:
                kept.append(event)
            case EntryBooked(entry=entry) if entry.account == account:
                kept.append(event)
            case LedgerAdjusted(account=owner) if owner == account:
                kept.append(event)
            case ExpirySeen():
                kept.append(event)
    return kept


def _undelivered(ledger: Ledger, account: AccountId, window: Window) -> dict[InstrumentId, str]:
    found: dict[InstrumentId, str] = {}
    for name in ledger.instruments_held(open_only=True):
        expiry = ledger.rules(name).expiry
        if expiry is None or account not in ledger.cancelling(name):
            continue
        if window.start < expiry + EXPIRY_GRACE <= window.end:
            books = [(s, held) for (owner, s, at), held in ledger.holdings() if (owner, at) == (account, name)]
            found[name] = ", ".join(f"{plain(held.quantity)} of {s}" for s, held in books if held.quantity)
    return dict(sorted(found.items()))


def _cut(ledger: Ledger, account: AccountId, marks: Marks) -> Cut:
    return Cut(
        balances=ledger.balances(account),
        holdings={name: held for name, held in ledger.net_holdings(account).items() if not ledger.is_spot(name)},
        equity=ledger.equity(account, marks),
    )
