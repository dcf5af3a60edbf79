"""A question that has to be answered before anything else can be done."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from jtrader.ports.broker import AccessDenied, BrokerError, RetryLater

log = logging.getLogger(__name__)

T = TypeVar("T")

_FIRST_WAIT, _LONGEST_WAIT = 0.25, 30.0


async def until_told(ask: Callable[[], Awaitable[T]], what: str) -> T:
    """Asks until the venue answers, with growing pauses, or as long as it wants to be left alone. Raises AccessDenied
    where the key is refused, and what is no BrokerError."""
    wait = _FIRST_WAIT
    while True:
        try:
            return await ask()
        except AccessDenied:
            raise
        except BrokerError as error:
            asked_for = error.after if isinstance(error, RetryLater) else 0.0
            log.warning("%s can't be read (%s); asking again", what, error)
            await asyncio.sleep(max(random.uniform(wait / 2, wait), asked_for))
            wait = min(2 * wait, _LONGEST_WAIT)
