"""A signed connection to a venue through ccxt: its implicit methods, which name one endpoint each, nothing re-parsed.

    session = CcxtSession(
        load=lambda: ccxt.pro.htx.htx,           # imported inside: it takes seconds of CPU
        keys=keys,
        translate=errors.translate,              # (error, is_order, retry_after) → BrokerError
        simulator_uri=uri,                       # None: the real venue
        options={"recvWindow": 3_000},
        meter=Meter(budget, weigh),              # None: ccxt's own throttle
        ask_time=("spotPublicGetV1CommonTimestamp", lambda answer: int(answer["data"])),
    )
    rows = await session.call("privateGetOrder", {"symbol": …}, is_order=False)
    session.exchange                             # the ccxt object: its sign, authenticate, watch …

An implicit method hands the venue's JSON through, and ccxt signs and tells errors apart. A JSON number with a fraction
comes as its own text, so that amounts stay exact. Errors of ccxt leave here only as BrokerError.
"""

import contextlib
import contextvars
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from jtrader.exchange.common.budget import SharedPause, WeightBudget
from jtrader.exchange.common.clock_offset import ClockOffset
from jtrader.exchange.localnet import LocalSession, local_session
from jtrader.ports.broker import BrokerError, RetryLater

REQUEST_TIMEOUT_MS = 5_000

ORDER_PATIENCE = 1.0
"""Wall seconds that an order waits for room in the budget: its sender would sooner hear that it was not sent."""


class _Manner(NamedTuple):
    """How the running call is sent."""

    urgent: bool = False
    patience: float | None = None


_manner: contextvars.ContextVar[_Manner | None] = contextvars.ContextVar("manner", default=None)


class Keys(msgspec.Struct, frozen=True):
    """An API key. The secret is not shown."""

    key: str
    secret: str
    password: str = ""
    """A key's passphrase, where a venue gives one."""

    def __repr__(self) -> str:
        return f"Keys(key='{self.key[:4]}…', secret=…)"


class Translate(Protocol):
    def __call__(self, error: BaseException, is_order: bool = False, retry_after: float = 1.0) -> BrokerError: ...


class Meter(msgspec.Struct, frozen=True):
    """`weigh(api, method, path, cost)` → the venue's weight of a request, with ccxt's own figure of it (`cost`) as a
    start. `used` reads the venue's count from an answer's headers, None where it isn't told. `order_codes`: refusals
    that count the account's new orders and nothing else."""

    budget: WeightBudget
    weigh: Callable[[str, str, str, float], float]
    used: Callable[[Mapping[str, str]], float | None]
    order_codes: frozenset[str] = frozenset()


class CcxtSession:
    """`call` for REST; `exchange` for what a venue's adapter does beside it. `close` it in the loop that used it."""

    def __init__(
        self,
        load: Callable[[], type[Any]],
        keys: Keys,
        translate: Translate,
        simulator_uri: str | None = None,
        options: Mapping[str, Any] | None = None,
        meter: Meter | None = None,
        ask_time: tuple[str, Callable[[Any], int]] | None = None,
        own_config: Mapping[str, Any] | None = None,
    ) -> None:
        """`ask_time`: the public method that tells the venue's time, and how its answer says it (ms). `own_config` is
        ccxt's, beside what stands here."""
        self._local: LocalSession | None = local_session(simulator_uri) if simulator_uri else None
        self._translate = translate
        self._meter = meter
        self._ask_time = ask_time
        self._no_orders = SharedPause()
        """This account's own: too many new orders were sent."""
        config: dict[str, Any] = {
            "apiKey": keys.key,
            "secret": keys.secret,
            "enableRateLimit": True,
            # a minute's weight at once: with a leaky bucket an order would wait seconds behind a heavy query
            "rateLimiterAlgorithm": "rollingWindow",
            "timeout": REQUEST_TIMEOUT_MS,
            "options": dict(options or {}),
            **(own_config or {}),
        }
        if self._local is not None:
            config["session"] = self._local
        self.exchange = tapped(load())(config)
        self.clock = ClockOffset(str(self.exchange.id))
        self.exchange.clock_offset = self.clock
        self.exchange.meter = meter

    async def call(
        self,
        method: str,
        params: Mapping[str, Any],
        is_order: bool = False,
        urgent: bool = False,
        prompt: bool = False,
    ) -> Any:
        """The JSON of an implicit method, or of `api VERB path` where ccxt has none. With `is_order` an unclear answer
        is OutcomeUnknown; `urgent` requests (cancels, reduce-only exits) may use the budget's reserve. Raises
        BrokerError."""
        api, _, rest = method.partition(" ")

        def send() -> Awaitable[Any]:
            if not rest:
                return getattr(self.exchange, method)(dict(params))  # type: ignore[no-any-return]
            verb, path = rest.split(" ")
            return self.exchange.request(path, api, verb, dict(params))  # type: ignore[no-any-return]

        return await self.run(send, is_order, urgent, prompt)

    async def run(
        self,
        send: Callable[[], Awaitable[Any]],
        is_order: bool = False,
        urgent: bool = False,
        prompt: bool = False,
    ) -> Any:
        """Anything asked of the ccxt object, as `call` asks. `prompt`: an order or cancel waits for what is read."""
        from ccxt.base.errors import BaseError, InvalidNonce

        if is_order and not urgent and (left := self._no_orders.left()) > 0:
            raise RetryLater(f"the venue takes no new orders of this account for {left:.1f} s", after=left)
        token = _manner.set(_Manner(urgent, ORDER_PATIENCE if is_order or prompt else None))
        try:
            return await send()
        except BaseError as error:
            if isinstance(error, InvalidNonce):
                with contextlib.suppress(BrokerError):
                    await self.set_clock()
            raise self.translated(error, is_order) from error
        finally:
            _manner.reset(token)

    def translated(self, error: BaseException, is_order: bool = False) -> BrokerError:
        """ccxt's error as ours. A rate limit pauses every process that shares the budget's file; one of new orders
        holds those of this account, and cancels go on."""
        ours = self._translate(error, is_order, getattr(error, "retry_after", 1.0))
        if self._meter is not None and isinstance(ours, RetryLater):
            if ours.code in self._meter.order_codes:
                self._no_orders.extend(ours.after)
            elif getattr(error, "status", 0) in (418, 429):
                self._meter.budget.pause(ours.after)
        return ours

    async def set_clock(self) -> None:
        """Measures the venue's clock; signed requests carry its time from then on. Raises BrokerError."""
        if self._ask_time is None:
            return
        method, read = self._ask_time
        sent = time.time_ns() / 1e6
        answer = await self.call(method, {})
        self.clock.sample(sent, read(answer), time.time_ns() / 1e6)

    async def close(self) -> None:
        await self.exchange.close()
        if self._local is not None:
            await self._local.close()


def tapped(base: type[Any]) -> type[Any]:
    """A ccxt class whose errors keep the venue's own `answer`, HTTP's `status` and `retry_after` (s): ccxt names some
    by their text alone and drops the code. Its time is the venue's, its throttle our budget where there is one."""
    from ccxt.base.errors import BaseError

    class Tapped(base):  # type: ignore[misc]
        clock_offset: ClockOffset | None = None
        meter: Meter | None = None

        def milliseconds(self) -> int:
            offset = self.clock_offset.correction if self.clock_offset is not None else 0
            return time.time_ns() // 1_000_000 + offset

        def seconds(self) -> int:
            return self.milliseconds() // 1_000

        async def fetch2(
            self,
            path: Any,
            api: Any = "public",
            method: str = "GET",
            params: Any = None,
            headers: Any = None,
            body: Any = None,
            config: Any = None,
        ) -> Any:
            params, config = params or {}, config or {}
            if self.meter is not None:
                cost = self.calculate_rate_limiter_cost(api, method, path, params, config)
                weight = self.meter.weigh(str(api), method, str(path), cost)
                await self.meter.budget.take(weight, *(_manner.get() or _Manner()))
            return await super().fetch2(path, api, method, params, headers, body, config)

        async def throttle(self, cost: Any = None) -> None:
            if self.meter is None:
                await super().throttle(cost)

        def on_rest_response(self, code: Any, reason: Any, url: Any, method: Any, headers: Any, *rest: Any) -> Any:
            if self.meter is not None and (used := self.meter.used(headers or {})) is not None:
                self.meter.budget.told(used)
            return super().on_rest_response(code, reason, url, method, headers, *rest)

        def handle_errors(
            self, code: int, reason: str, url: str, method: str, headers: Any, body: Any, *rest: Any
        ) -> Any:
            try:
                return super().handle_errors(code, reason, url, method, headers, body, *rest)
            except BaseError as error:
                error.answer, error.status, error.retry_after = str(body), code, _retry_after(headers)
                raise

        def handle_http_status_code(self, code: int, reason: str, url: str, method: str, body: Any) -> None:
            try:
                super().handle_http_status_code(code, reason, url, method, body)
            except BaseError as error:
                error.answer, error.status = str(body), code
                error.retry_after = _retry_after(self.last_response_headers)
                raise

        def on_json_response(self, response_body: str) -> Any:
            return json.loads(response_body, parse_float=str)

    return Tapped


def _retry_after(headers: Any) -> float:
    try:
        return float((headers or {}).get("Retry-After", 1.0))
    except ValueError:
        return 1.0
