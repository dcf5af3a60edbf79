"""What the journal tells of each parent, for analysis: when it was decided, first sent and over, and its fills."""

from collections.abc import Iterable

import msgspec

from jtrader.domain.events import (
    CancelRequested,
    ChildAccepted,
    ChildRefused,
    Event,
    IntentReceived,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    ParentChanged,
)
from jtrader.domain.ids import ClientOrderId, ParentId
from jtrader.domain.order import Fill, Intent


class ParentStory(msgspec.Struct):
    """Times are market time, ns. `fills` in the order in which they were booked."""

    intent: Intent
    sent: int | None = None
    """When its first child was accepted."""
    ended: int | None = None
    """When it was over, or when its last child ended."""
    fills: list[Fill] = []
    children: int = 0
    cancels: int = 0
    rejects: int = 0
    unknowns: int = 0


def stories(events: Iterable[Event]) -> dict[ParentId, ParentStory]:
    """One pass over the journal."""
    told: dict[ParentId, ParentStory] = {}
    parent_of: dict[ClientOrderId, ParentId] = {}
    for event in events:
        match event:
            case IntentReceived(intent=intent):
                told[intent.parent_id] = ParentStory(intent)
            case ChildAccepted(order=order, ts=ts) | ChildRefused(order=order, ts=ts):
                parent_of[order.client_order_id] = order.parent_id
                story = told[order.parent_id]
                story.children += 1
                if isinstance(event, ChildRefused):
                    story.rejects += 1
                elif story.sent is None:
                    story.sent = ts
            case OrderFilled(fill=fill) if fill.client_order_id in parent_of:
                told[parent_of[fill.client_order_id]].fills.append(fill)
            case OrderClosed(client_order_id=client, ts=ts) if client in parent_of:
                told[parent_of[client]].ended = ts
            case CancelRequested(client_order_id=client) if client in parent_of:
                told[parent_of[client]].cancels += 1
            case OrderRejected(client_order_id=client, ts=ts) if client in parent_of:
                told[parent_of[client]].rejects += 1
                told[parent_of[client]].ended = ts
            case OrderUnknown(client_order_id=client) if client in parent_of:
                told[parent_of[client]].unknowns += 1
            case ParentChanged(parent_id=parent_id, state=state, ts=ts) if state.is_over and parent_id in told:
                told[parent_id].ended = ts
            case _:
                pass
    return told
