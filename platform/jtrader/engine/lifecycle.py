"""The life of a child order as one table. What is not in it can't happen: the engine refuses to journal it.

The odd ones, all of them seen at real venues:
- PENDING_NEW or UNKNOWN + FILL: the fill overtakes the acknowledgement, and proves that the order exists;
- CANCELED or EXPIRED + FILL: a fill that the venue made before the cancel is told after it;
- CANCELED or EXPIRED + COMPLETE: … and it was the rest of the order;
- FILLED + FILL: an overfill; the venue's position is what counts, so it is booked;
- REJECTED + FILL or ACKNOWLEDGE: the proof of absence was wrong; the order is live again;
- UNKNOWN or REJECTED + ACKNOWLEDGE: NEW, or PARTIALLY_FILLED where fills had been told before the doubt;
- NEW + ACKNOWLEDGE: a conditional order was triggered and goes on under another id of the venue;
- PENDING_CANCEL + ACKNOWLEDGE: the cancel was asked for before the order was acknowledged;
- UNKNOWN + REQUEST_CANCEL: it may be cancelled by our id, and stays UNKNOWN until the venue tells.
"""

from collections.abc import Mapping
from enum import StrEnum

from jtrader.domain.errors import Broken
from jtrader.domain.order import OrderStatus


class Step(StrEnum):
    """What can happen to a child order that passed the gate."""

    ACKNOWLEDGE = "acknowledge"
    REJECT = "reject"
    LOSE = "lose"
    FILL = "fill"
    COMPLETE = "complete"
    REQUEST_CANCEL = "request_cancel"
    CANCEL = "cancel"
    EXPIRE = "expire"


_S = OrderStatus

TRANSITIONS: Mapping[OrderStatus, Mapping[Step, OrderStatus]] = {
    _S.PENDING_NEW: {
        Step.ACKNOWLEDGE: _S.NEW,
        Step.REJECT: _S.REJECTED,
        Step.LOSE: _S.UNKNOWN,
        Step.FILL: _S.PARTIALLY_FILLED,
        Step.REQUEST_CANCEL: _S.PENDING_CANCEL,
        Step.CANCEL: _S.CANCELED,
        Step.EXPIRE: _S.EXPIRED,
    },
    _S.NEW: {
        Step.ACKNOWLEDGE: _S.NEW,
        Step.REJECT: _S.REJECTED,
        Step.LOSE: _S.UNKNOWN,
        Step.FILL: _S.PARTIALLY_FILLED,
        Step.REQUEST_CANCEL: _S.PENDING_CANCEL,
        Step.CANCEL: _S.CANCELED,
        Step.EXPIRE: _S.EXPIRED,
    },
    _S.PARTIALLY_FILLED: {
        Step.ACKNOWLEDGE: _S.PARTIALLY_FILLED,
        Step.LOSE: _S.UNKNOWN,
        Step.FILL: _S.PARTIALLY_FILLED,
        Step.COMPLETE: _S.FILLED,
        Step.REQUEST_CANCEL: _S.PENDING_CANCEL,
        Step.CANCEL: _S.CANCELED,
        Step.EXPIRE: _S.EXPIRED,
    },
    _S.PENDING_CANCEL: {
        Step.ACKNOWLEDGE: _S.PENDING_CANCEL,
        Step.REJECT: _S.REJECTED,
        Step.LOSE: _S.UNKNOWN,
        Step.FILL: _S.PENDING_CANCEL,
        Step.COMPLETE: _S.FILLED,
        Step.REQUEST_CANCEL: _S.PENDING_CANCEL,
        Step.CANCEL: _S.CANCELED,
        Step.EXPIRE: _S.EXPIRED,
    },
    _S.UNKNOWN: {
        Step.ACKNOWLEDGE: _S.NEW,
        Step.REJECT: _S.REJECTED,
        Step.FILL: _S.PARTIALLY_FILLED,
        Step.REQUEST_CANCEL: _S.UNKNOWN,
        Step.CANCEL: _S.CANCELED,
        Step.EXPIRE: _S.EXPIRED,
    },
    _S.FILLED: {Step.FILL: _S.FILLED},
    _S.CANCELED: {Step.FILL: _S.CANCELED, Step.COMPLETE: _S.FILLED},
    _S.EXPIRED: {Step.FILL: _S.EXPIRED, Step.COMPLETE: _S.FILLED},
    _S.REJECTED: {Step.FILL: _S.PARTIALLY_FILLED, Step.ACKNOWLEDGE: _S.NEW},
    _S.REFUSED: {},
}

CLOSING: Mapping[OrderStatus, Step] = {
    _S.FILLED: Step.COMPLETE,
    _S.CANCELED: Step.CANCEL,
    _S.EXPIRED: Step.EXPIRE,
    _S.REJECTED: Step.REJECT,
}
"""The step that a terminal report of the venue means."""


def allows(status: OrderStatus, step: Step) -> bool:
    return step in TRANSITIONS[status]


def after(status: OrderStatus, step: Step) -> OrderStatus:
    """The status that follows. Raises Broken where the table has no such transition."""
    try:
        return TRANSITIONS[status][step]
    except KeyError:
        raise Broken(f"an order that is {status} can't {step}: the journal or the engine is wrong") from None
