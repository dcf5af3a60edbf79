"""One unsigned, throttled, patient ccxt client of HTX for callers that can wait."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_before_delay, wait_random_exponential

from jtrader.domain.errors import BadInput, Broken, JtraderError, Unavailable
from jtrader.exchange.blocking import LoopThread
from jtrader.exchange.common.session import tapped
from jtrader.exchange.huobi.errors import refusal, translate
from jtrader.exchange.localnet import local_session
from jtrader.ports.broker import BrokerError, RetryLater

T = TypeVar("T")

PATIENCE_SECONDS = 60.0
"""How long a job under way waits for a venue that went away."""
GREETING_SECONDS = 15.0
"""How long the first answer may take before the user is told."""
PAUSE_MS = 100
"""Between requests: the venue allows 10 a second on spot and 80 a second on contracts."""
BAD_SYMBOLS = ("base-symbol-error", "invalid symbol", "1013", "1014")


class PublicClient:
    """`ask` an implicit method; its JSON comes with numbers as strings. Close it after use."""

    def __init__(self, where: str, simulator_uri: str | None, patience: float) -> None:
        self._where = f"{where} (simulator at {simulator_uri})" if simulator_uri else where
        self._patience = patience
        self._answered = False
        self._session = local_session(simulator_uri) if simulator_uri else None
        self._exchange = _client(self._session)
        self._loop = LoopThread(f"rest-{where}")

    def ask(self, what: str, endpoint: str, query: Mapping[str, Any]) -> Any:
        """Raises Unavailable once patience is over, BadInput for an unknown symbol, Broken for any other refusal."""
        call = getattr(self._exchange, endpoint)

        async def attempt() -> Any:
            answer = await self._translated(call(dict(query)))
            refused = refusal(answer)
            if refused is not None:
                raise refused
            return answer

        return self._loop.run(self._patiently(what, attempt))

    def close(self) -> None:
        self._loop.run(self._close())
        self._loop.stop()

    async def _translated(self, call: Awaitable[T]) -> T:
        from ccxt.base.errors import BaseError

        try:
            return await call
        except BaseError as error:
            raise translate(error) from error

    async def _patiently(self, what: str, attempt: Callable[[], Awaitable[T]]) -> T:
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, RetryLater)),
            stop=stop_before_delay(self._patience if self._answered else min(self._patience, GREETING_SECONDS)),
            wait=_pause,
            reraise=True,
        )
        try:
            answer: T = await retrying(attempt)
        except BrokerError as error:
            raise self._told(error, what) from error
        self._answered = True
        return answer

    def _told(self, error: BrokerError, what: str) -> JtraderError:
        if error.code in BAD_SYMBOLS:
            return BadInput(
                f"{what}: {self._where} does not know this symbol; 'jtrader instruments' lists what it trades"
            )
        if isinstance(error, RetryLater):
            return Unavailable(
                f"{what}: {self._where} did not answer ({error}); see that it is up, then run again: what was stored"
                " stays"
            )
        return Broken(f"{what}: {self._where} refused ({error}); the request or its dialect is wrong")

    async def _close(self) -> None:
        await self._exchange.close()
        if self._session is not None:
            await self._session.close()


def _pause(state: RetryCallState) -> float:
    """Seconds until the next attempt: as long as the venue asked, at least a growing random pause."""
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.after if isinstance(error, RetryLater) and error.after > 1.0 else 0.0
    return max(asked, wait_random_exponential(multiplier=0.2, max=5.0)(state))


def _client(session: Any) -> Any:
    """A ccxt client for public calls, whose numbers come as their own texts. Importing ccxt takes 3 s of CPU, so it
    happens only here."""
    from ccxt.async_support.htx import htx

    config: dict[str, Any] = {"enableRateLimit": True, "rateLimit": PAUSE_MS, "timeout": 20_000}
    if session is not None:
        config["session"] = session
    return tapped(htx)(config)
