"""What became of an order or a parent, from the journal, in plain words and in the order of events."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

import msgspec

from jtrader.domain.events import (
    AmendRejected,
    AmendRequested,
    CancelRequested,
    ChildAccepted,
    ChildRefused,
    Event,
    IntentReceived,
    IntentRefused,
    OrderAcknowledged,
    OrderAmended,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderResolved,
    OrderUnknown,
    ParentAsked,
    ParentChanged,
    ReplaceStarted,
    Sequenced,
    SignalRecorded,
)
from jtrader.domain.ids import SignalId
from jtrader.domain.money import plain
from jtrader.domain.order import ChildOrder, Fill, Intent
from jtrader.domain.signal import Signal
from jtrader.domain.times import iso


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One journaled event of the story; `ts` is market time in ns, `seq` its journal index."""

    seq: int
    ts: int
    order: str
    """The client order id that it is about; empty where it is about the parent."""
    text: str


Read = Callable[[], Iterable[Sequenced]]
"""Reads the journal from its beginning; done twice, so that a long one is never held in memory."""


def timeline(read: Read, name: str) -> list[Moment]:
    """All that is journaled of a parent, or of the parent that an order belongs to. `name`: a parent id, a client order
    id (a refused order has one, too), or `INSTRUMENT#trade id`. Empty where the journal knows none of that name."""
    wanted, stranger = _parent(read(), name)
    if stranger is not None:
        return [Moment(seq=stranger[0], ts=stranger[1].ts, order="", text=_stranger(stranger[1]))]
    if wanted is None:
        return []
    story: list[Moment] = []
    parent_of: dict[str, str] = {}
    signals: dict[SignalId, Signal] = {}
    for entry in read():
        event = entry.event
        if isinstance(event, SignalRecorded):
            signals[event.signal.signal_id] = event.signal
        order, parent = _about(event, parent_of)
        if parent == wanted:
            story.append(Moment(seq=entry.seq, ts=event.ts, order=order, text=_said(event, signals)))
    return story


def _parent(entries: Iterable[Sequenced], name: str) -> tuple[str | None, tuple[int, OrderFilled] | None]:
    """(the parent that is meant, the fill that belongs to none)."""
    parent_of: dict[str, str] = {}
    for entry in entries:
        event = entry.event
        order, parent = _about(event, parent_of)
        is_fill = isinstance(event, OrderFilled) and f"{event.fill.instrument}#{event.fill.trade_id}" == name
        if is_fill and parent is None and isinstance(event, OrderFilled):
            return None, (entry.seq, event)
        if parent is not None and (is_fill or name in (order, parent)):
            return parent, None
    return None, None


def lines(story: Iterable[Moment]) -> list[str]:
    return [f"{iso(one.ts)}  {one.order + ': ' if one.order else ''}{one.text}" for one in story]


def _about(event: Event, parent_of: dict[str, str]) -> tuple[str, str | None]:
    """(order, parent) that the event is about; no parent = it is about neither."""
    match event:
        case IntentReceived(intent=intent) | IntentRefused(intent=intent):
            return "", intent.parent_id
        case ParentAsked(parent_id=parent) | ParentChanged(parent_id=parent):
            return "", parent
        case ChildAccepted(order=child) | ChildRefused(order=child):
            parent_of[child.client_order_id] = child.parent_id
            return child.client_order_id, child.parent_id
        case OrderFilled(fill=fill):
            name = fill.client_order_id or ""
            return name, parent_of.get(name)
        case (
            OrderAcknowledged(client_order_id=name)
            | OrderRejected(client_order_id=name)
            | OrderUnknown(client_order_id=name)
            | CancelRequested(client_order_id=name)
            | OrderClosed(client_order_id=name)
            | OrderResolved(client_order_id=name)
            | AmendRequested(client_order_id=name)
            | OrderAmended(client_order_id=name)
            | AmendRejected(client_order_id=name)
            | ReplaceStarted(client_order_id=name)
            | OrderReplaced(client_order_id=name)
        ):
            return name, parent_of.get(name)
    return "", None


def _said(event: Event, signals: Mapping[SignalId, Signal]) -> str:
    match event:
        case IntentReceived(intent=intent):
            return _wanted(intent, signals)
        case IntentRefused(intent=intent, code=code, reason=reason):
            return f"{_wanted(intent, signals)} Refused before it became an order ({code}): {reason}."
        case ParentAsked(wish=wish, actor=actor, reason=reason):
            return f"{actor} asked for it: {wish}, because {reason}."
        case ParentChanged(state=state, reason=reason):
            return f"The parent is {state}{_because(reason)}."
        case ChildAccepted(order=child):
            return f"The risk gate let it out: {_words(child)}. It was on disk before it was sent."
        case ChildRefused(order=child, code=code, reason=reason):
            return f"The risk gate refused it ({code}): {reason}. It was {_words(child)}; nothing was sent."
        case OrderFilled(fill=fill):
            return _filled(fill)
    return _moved(event)


def _moved(event: Event) -> str:
    match event:
        case OrderAcknowledged(venue_order_id=venue):
            return f"The venue confirmed it as {venue}."
        case OrderRejected(code=code, reason=reason):
            return f"The venue refused it ({code}): {reason}."
        case OrderUnknown(reason=reason):
            return f"Nobody could say whether it lives: {reason}. It counted in full and was looked up."
        case CancelRequested(reason=reason, actor=actor):
            return f"{actor or 'The desk'} asked to cancel it{_because(reason)}."
        case OrderClosed(status=status, reason=reason):
            return f"It ended: {status}{_because(reason)}."
        case OrderResolved(outcome=outcome, actor=actor, reason=reason):
            return f"{actor} resolved it by hand as {outcome}, because {reason}."
        case AmendRequested(quantity=quantity, price=price, actor=actor, reason=reason):
            return f"{actor} asked for {plain(quantity)} at {plain(price)} instead, because {reason}."
        case OrderAmended(quantity=quantity, price=price):
            return f"The venue changed it to {plain(quantity)} at {plain(price)}."
        case AmendRejected(code=code, reason=reason):
            return f"It was not changed ({code}): {reason}."
        case ReplaceStarted():
            return "The venue changes no such order in place: it is cancelled, and the rest goes out anew."
        case OrderReplaced(left=left):
            return f"{plain(left)} of it goes out anew, if the gate lets it."
    return str(event.__struct_config__.tag)


def _wanted(intent: Intent, signals: Mapping[SignalId, Signal]) -> str:
    at = "" if intent.limit_price is None else f" at {plain(intent.limit_price)}"
    only = ", reducing only" if intent.reduce_only else ""
    text = (
        f"Strategy {intent.strategy} wanted to {intent.side} {plain(intent.quantity)} {intent.instrument} on account"
        f" {intent.account} by '{intent.algorithm}'{at}{only}{_because(intent.reason)}."
    )
    signal = signals.get(intent.signal_id) if intent.signal_id else None
    if signal is not None:
        text += f" Model {signal.model.name} version {signal.model.version} had said {signal.prediction:.6g}."
    return text


def _words(child: ChildOrder) -> str:
    at = "" if child.price is None else f" at {plain(child.price)}"
    waits = "" if child.trigger_price is None else f", once {child.trigger_by} reaches {plain(child.trigger_price)}"
    return f"{child.type} {child.side} {plain(child.quantity)}{at}{waits}"


def _filled(fill: Fill) -> str:
    fee = "" if fill.fee == Decimal(0) else f", fee {plain(fill.fee)} {fill.fee_asset}"
    return f"{plain(fill.quantity)} filled at {plain(fill.price)} (trade {fill.trade_id}{fee})."


def _stranger(event: OrderFilled) -> str:
    fill = event.fill
    what = f"{fill.side} {plain(fill.quantity)} {fill.instrument} at {plain(fill.price)} on account {fill.account}"
    return (
        f"{what}: no order of this desk ({event.origin or 'external'}). It was booked to UNASSIGNED; 'jtrader positions"
        " assign' ends that."
    )


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""
