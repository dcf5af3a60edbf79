"""One unsigned, throttled, patient ccxt client of a venue, for callers that can wait.

    client = PublicClient("bitmex", load, translate, simulator_uri, patience)
    rows = client.ask("candles of bitmex:XBTUSD", "publicGetTradeBucketed", {"symbol": "XBTUSD"})

An implicit method's JSON comes with fractions as text. What went wrong becomes a domain error, here once: a venue that
is away or asks for fewer requests is tried again for as long as patience lasts.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_before_delay, wait_random_exponential

from jtrader.domain.errors import BadInput, Broken, JtraderError, Unavailable
from jtrader.exchange.blocking import LoopThread
from jtrader.exchange.common.budget import SharedPause
from jtrader.exchange.common.session import Translate, tapped
from jtrader.exchange.localnet import local_session
from jtrader.ports.broker import BrokerError, OrderRefusedByVenue, Reason, RetryLater

T = TypeVar("T")

PATIENCE_SECONDS = 60.0
"""How long a job under way waits for a venue that went away."""
GREETING_SECONDS = 15.0
"""How long the first answer may take before the user is told."""


class PublicClient:
    """Synchronous outside and safe to call from several threads. Close it after use."""

    def __init__(
        self,
        where: str,
        load: Callable[[], type[Any]],
        translate: Translate,
        simulator_uri: str | None = None,
        patience: float = PATIENCE_SECONDS,
        own_config: Mapping[str, Any] | None = None,
        pause_file: Path | None = None,
        refusal: Callable[[Any], BrokerError | None] | None = None,
    ) -> None:
        """`load` imports the venue's async ccxt class, which takes seconds of CPU. `translate` names errors; it says
        NOT_TRADING of an unknown symbol. With a `simulator_uri` every request goes there. `own_config` is ccxt's;
        `pause_file` as in `budget`: while the venue wants to be left alone nobody of this machine asks. `refusal`
        says what a body refuses that ccxt takes for an answer."""
        self._where = f"{where} (simulator at {simulator_uri})" if simulator_uri else where
        self._translate = translate
        self._refusal = refusal
        self._patience = patience
        self._answered = False
        self._shared = SharedPause(pause_file)
        self._session = local_session(simulator_uri) if simulator_uri else None
        config: dict[str, Any] = {
            "enableRateLimit": True,
            "rateLimiterAlgorithm": "rollingWindow",
            "timeout": 20_000,
            **(own_config or {}),
        }
        if self._session is not None:
            # ccxt waits at its close for TLS connections to end; ours has none
            config |= {"session": self._session, "timeout_on_exit": 0}
        self.exchange = tapped(load())(config)
        self._loop = LoopThread(f"rest-{where}")

    def ask(self, what: str, method: str, query: Mapping[str, Any] | tuple[Any, ...]) -> Any:
        """An implicit method with its query, or a unified one with its arguments. Raises Unavailable once patience is
        over, BadInput for an unknown symbol, Broken for any other refusal."""
        call = getattr(self.exchange, method)

        async def attempt() -> Any:
            if (left := self._shared.left()) > 0:
                raise RetryLater(f"it asked for a pause; {left:.1f} s of it are left", after=left)
            return await self._translated(call(*query) if isinstance(query, tuple) else call(dict(query)))

        return self._loop.run(self._patiently(what, attempt))

    def close(self) -> None:
        self._loop.run(self._close())
        self._loop.stop()

    async def _translated(self, call: Awaitable[T]) -> T:
        from ccxt.base.errors import BaseError

        try:
            answer = await call
        except BaseError as error:
            ours = self._translate(error, False, getattr(error, "retry_after", 1.0))
            if isinstance(ours, RetryLater) and getattr(error, "status", 0) in (418, 429):
                self._shared.extend(ours.after)
            raise ours from error
        if self._refusal is not None and (refused := self._refusal(answer)) is not None:
            raise refused
        return answer

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
        if isinstance(error, OrderRefusedByVenue) and error.reason is Reason.NOT_TRADING:
            return BadInput(
                f"{what}: {self._where} does not know this symbol; 'jtrader instruments' lists what it trades"
            )
        if isinstance(error, RetryLater) and error.after > 1.0:
            return Unavailable(
                f"{what}: {self._where} asks for fewer requests ({error}); wait {error.after:.0f} s and run again"
            )
        if isinstance(error, RetryLater):
            return Unavailable(
                f"{what}: {self._where} did not answer ({error}); see that it is up, then run again: what was stored"
                " stays"
            )
        return Broken(f"{what}: {self._where} refused ({error}); the request or its dialect is wrong")

    async def _close(self) -> None:
        await self.exchange.close()
        if self._session is not None:
            await self._session.close()


class Closing:
    """What asks through a client, and closes it with its `with` block."""

    _client: PublicClient

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _pause(state: RetryCallState) -> float:
    """Seconds until the next attempt: as long as the venue asked, at least a growing random pause."""
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.after if isinstance(error, RetryLater) and error.after > 1.0 else 0.0
    return max(asked, wait_random_exponential(multiplier=0.2, max=5.0)(state))
