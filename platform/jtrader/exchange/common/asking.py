"""Questions that are asked until the venue answers: before anything else can be done, or beside everything else."""

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
            log.warning("%s can't be read (%s); asking again", what, error)
            await asyncio.sleep(max(random.uniform(wait / 2, wait), _asked_for(error)))
            wait = min(2 * wait, _LONGEST_WAIT)


class AskedAgain:
    """A question that nothing waits for: where the venue does not answer, `again` is called after a pause that grows
    until it does, or as long as it wants to be left alone."""

    def __init__(self, what: str, again: Callable[[], None]) -> None:
        self._what = what
        self._again = again
        self._wait = 0.0

    async def ask(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """None where there is no answer now. Raises AccessDenied, and what is no BrokerError."""
        try:
            answer = await ask()
        except AccessDenied:
            raise
        except BrokerError as error:
            self._wait = min(max(2 * self._wait, _FIRST_WAIT), _LONGEST_WAIT)
            wait = max(self._wait, _asked_for(error))
            log.warning("%s can't be read (%s); again in %.1f s", self._what, error, wait)
            asyncio.get_running_loop().call_later(wait, self._again)
            return None
        self._wait = 0.0
        return answer


def _asked_for(error: BrokerError) -> float:
    """How long the venue wants to be left alone, wall seconds."""
    return error.after if isinstance(error, RetryLater) else 0.0
