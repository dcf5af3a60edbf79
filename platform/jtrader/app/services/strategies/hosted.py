"""One strategy under the host: asks the rule, sends what it decides, and stands alone when it fails."""

import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import TypeVar

from jtrader.app.services.strategies.book import DeskBook
from jtrader.bus.rpc import RpcTimeout
from jtrader.domain.errors import JtraderError
from jtrader.domain.ids import AccountId, InstrumentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle
from jtrader.domain.order import Intent
from jtrader.domain.signal import Signal
from jtrader.domain.times import MINUTE
from jtrader.engine.intents import Answer
from jtrader.strategy.api import Strategy, Target, View
from jtrader.strategy.targets import intent_for

log = logging.getLogger(__name__)

SUBMIT_TRIES = 3

T = TypeVar("T")

Submit = Callable[[Intent, Signal | None], Awaitable[Answer]]
"""RPC `submit_intent`; telling the same intent twice does no harm."""


class HostedStrategy:
    """`failure` says why it stopped; empty while it runs."""

    def __init__(
        self,
        name: StrategyId,
        account: AccountId,
        instruments: dict[InstrumentId, Instrument],
        rule: Strategy,
        book: DeskBook,
        submit: Submit,
    ) -> None:
        self.name = name
        self.account = account
        self.instruments = instruments
        self.rule = rule
        self.failure = ""
        self.counts: Counter[str] = Counter()
        self.decision_ms: deque[float] = deque(maxlen=1_000)
        """From a candle's arrival to its intent's sending, wall milliseconds."""
        self._book = book
        self._submit = submit

    def warm(self, candle: Candle) -> None:
        """A minute of the past, or one that can't be decided on now."""
        if not self.failure:
            self._guarded(lambda: self.rule.warm(candle))

    async def on_candle(self, candle: Candle, arrived: float) -> None:
        """Decides on a closed minute; the book is up to date. `arrived`: perf_counter at the candle's arrival."""
        if self.failure:
            return
        view = self._book.view(self.account, self.name, self.instruments[candle.instrument])
        intent, signal = self._guarded(lambda: self._decided(candle, view)) or (None, None)
        if intent is not None:
            self.decision_ms.append((perf_counter() - arrived) * 1e3)
            await self._send(intent, signal)

    def _decided(self, candle: Candle, view: View) -> tuple[Intent | None, Signal | None]:
        """What the rule's decision means as an intent."""
        decision = self.rule.on_candle(candle, view)
        if isinstance(decision, Target):
            return intent_for(decision, view, candle, self.name, self.account, candle.ts + MINUTE), decision.signal
        return decision, None

    def _guarded(self, work: Callable[[], T]) -> T | None:
        """A rule may raise anything, or decide what can't be traded: it then stops, with its positions as they are, and
        the others go on."""
        try:
            return work()
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
            log.exception("strategy %s has failed and is stopped; its positions stay as they are", self.name)
            return None

    async def _send(self, intent: Intent, signal: Signal | None) -> None:
        self.counts["intents"] += 1
        for _ in range(SUBMIT_TRIES):
            try:
                answer = await self._submit(intent, signal)
            except RpcTimeout as error:
                log.warning("%s: %s; telling the same intent again", self.name, error)
                continue
            except JtraderError as error:
                self.counts["unsent"] += 1
                log.warning("%s: intent %s was not taken: %s", self.name, intent.parent_id, error)
                return
            self.counts["accepted" if answer.accepted else "refused"] += 1
            if not answer.accepted:
                log.warning("%s: intent %s refused: %s (%s)", self.name, intent.parent_id, answer.reason, answer.code)
            return
        self.counts["unanswered"] += 1
