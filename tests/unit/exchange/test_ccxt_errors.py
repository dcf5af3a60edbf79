"""What ccxt's classes of errors mean for an order, where no code of the venue is known."""

import pytest
from ccxt.base import errors

from jtrader.exchange.ccxt.errors import translate
from jtrader.ports.broker import (
    AccessDenied,
    BrokerError,
    NotOffered,
    OrderNotFound,
    OrderRefusedByVenue,
    OutcomeUnknown,
    Reason,
    RetryLater,
)


@pytest.mark.parametrize(
    ("error", "expected", "reason"),
    [
        (errors.DuplicateOrderId("51016"), OutcomeUnknown, Reason.DUPLICATE_ID),
        (errors.InvalidOrder("Client order ID already exists."), OutcomeUnknown, Reason.DUPLICATE_ID),
        (errors.InvalidOrder("off the step"), OrderRefusedByVenue, Reason.OTHER),
        (errors.InsufficientFunds("too little"), OrderRefusedByVenue, Reason.FUNDS),
        (errors.OrderImmediatelyFillable("it would take"), OrderRefusedByVenue, Reason.POST_ONLY),
        (errors.OrderNotFound("none"), OrderNotFound, None),
        (errors.PermissionDenied("no"), AccessDenied, None),
        (errors.NotSupported("no"), NotOffered, None),
        (errors.RateLimitExceeded("slow down"), RetryLater, None),
        (errors.RequestTimeout("late"), OutcomeUnknown, Reason.OTHER),
        (errors.ExchangeError("a new one"), OutcomeUnknown, Reason.OTHER),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_an_orders_error(error: errors.BaseError, expected: type[BrokerError], reason: Reason | None) -> None:
    told = translate(error, is_order=True)
    assert type(told) is expected
    assert getattr(told, "reason", None) is reason
