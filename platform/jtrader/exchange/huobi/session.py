"""One signed connection to HTX through ccxt: implicit methods whose JSON is handed through, refusals told apart.

HTX takes a signed request for about five minutes after its timestamp, and its clients can't shorten that: a request
that was not answered may still arrive. So the proof that an order is absent begins with a cancel by its client id.
"""

import contextlib
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jtrader.domain.ids import InstrumentId, split_instrument_id
from jtrader.domain.times import from_millis
from jtrader.exchange.common.session import CcxtSession, Keys, Meter
from jtrader.exchange.huobi.budget import HuobiBudget, weight
from jtrader.exchange.huobi.endpoints import PUBLIC
from jtrader.exchange.huobi.errors import STALE, refusal, translate
from jtrader.exchange.huobi.rows import row_field
from jtrader.ports.broker import BrokerError, OutcomeUnknown, RetryLater

RATE_CODES = ("rate-too-many-requests", "base-request-exceed-frequency-limit", "request limit", "429", "1032")


class HuobiSession:
    """`data` and `answer` for REST; `exchange` is the ccxt object. `close` it in the loop that used it."""

    def __init__(self, keys: Keys, simulator_uri: str | None, pause_file: Path | None = None) -> None:
        """`pause_file`: where a rate limit is told to the other processes of this machine."""
        self._budget = HuobiBudget(pause_file)
        self._inner = CcxtSession(
            _htx,
            keys,
            translate,
            simulator_uri,
            meter=Meter(self._budget, weight, lambda headers: None),  # noqa: ARG005
            ask_time=("spotPublicGetV1CommonTimestamp", lambda answer: int(answer["data"])),
        )
        self.clock = self._inner.clock
        self.exchange = self._inner.exchange

    async def data(
        self,
        method: str,
        params: Mapping[str, Any],
        is_order: bool = False,
        urgent: bool = False,
        prompt: bool = False,
    ) -> Any:
        """The answer's `data`. Raises BrokerError; with `is_order` an unclear answer is OutcomeUnknown; `urgent`
        requests (cancels, reduce-only exits, and what they have to read first) may use the budget's reserve; `prompt`
        ones wait for room no longer than the order that waits for them."""
        return (await self.answer(method, params, is_order, urgent, prompt)).get("data")

    async def answer(
        self,
        method: str,
        params: Mapping[str, Any],
        is_order: bool = False,
        urgent: bool = False,
        prompt: bool = False,
    ) -> Mapping[str, Any]:
        """The whole answer, where it says more than its `data`."""
        return await self._checked(self._inner.call(method, params, is_order, urgent, prompt), is_order)

    async def data_of_list(
        self, method: str, items: Sequence[Mapping[str, Any]], is_order: bool = False, urgent: bool = False
    ) -> Any:
        """The same for the endpoints whose body is a list."""

        def send() -> Awaitable[Any]:
            return getattr(self.exchange, method)([dict(item) for item in items])  # type: ignore[no-any-return]

        return (await self._checked(self._inner.run(send, is_order, urgent), is_order)).get("data")

    async def set_clock(self) -> None:
        """Signatures carry the venue's own time from then on. Raises BrokerError."""
        await self._inner.set_clock()

    async def market_time(self, instrument: InstrumentId) -> int:
        """The newest market time in ns, as the instrument's market tells it."""
        market, symbol = split_instrument_id(instrument)
        at = PUBLIC[market]
        return from_millis(int(row_field(await self.answer(at.merged, {at.symbol: symbol}), "ts")))

    def milliseconds(self) -> int:
        """The venue's wall time, as signatures carry it."""
        return int(self.exchange.milliseconds())

    async def close(self) -> None:
        await self._inner.close()

    async def _checked(self, asked: Awaitable[Any], is_order: bool) -> Mapping[str, Any]:
        try:
            return self._good(await asked, is_order)
        except RetryLater as error:
            if STALE in str(error):
                with contextlib.suppress(BrokerError):
                    await self.set_clock()
            raise

    def _good(self, answer: Any, is_order: bool) -> Mapping[str, Any]:
        refused = refusal(answer, is_order)
        if isinstance(refused, RetryLater) and refused.code in RATE_CODES:
            self._budget.pause(refused.after)
        if refused is not None:
            raise refused
        if not isinstance(answer, Mapping):
            unclear = OutcomeUnknown if is_order else RetryLater
            raise unclear(f"HTX sent what is no answer: {str(answer)[:200]}")
        return answer


def _htx() -> type[Any]:
    """Importing ccxt takes seconds of CPU, once a process."""
    from ccxt.async_support.htx import htx

    return htx  # type: ignore[no-any-return]
