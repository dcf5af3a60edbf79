"""Sends a strategy's intents and cancels to the oms, each until it is answered."""

import logging
from collections import Counter
from typing import Protocol

from jtrader.app.services.strategies.decided import Order
from jtrader.bus.rpc import RpcTimeout
from jtrader.domain.errors import BadInput, JtraderError
from jtrader.domain.ids import ParentId, StrategyId
from jtrader.domain.order import Intent
from jtrader.domain.signal import Signal
from jtrader.engine.intents import Answer
from jtrader.strategy.api import Cancel

log = logging.getLogger(__name__)

SUBMIT_TRIES = 3


class Oms(Protocol):
    """Telling the same twice does no harm."""

    async def submit(self, intent: Intent, signal: Signal | None) -> Answer: ...

    async def cancel(self, parent_id: ParentId, actor: str, reason: str) -> None:
        """Raises BadInput where there is nothing to cancel."""
        ...


class Sender:
    def __init__(self, name: StrategyId, oms: Oms) -> None:
        self._name = name
        self._oms = oms
        self.counts: Counter[str] = Counter()

    async def send(self, order: Order) -> None:
        """Never raises what has a name: what was not taken is counted and logged."""
        what = f"cancel of {order.parent_id}" if isinstance(order, Cancel) else f"intent {order.intent.parent_id}"
        self.counts["cancels" if isinstance(order, Cancel) else "intents"] += 1
        for _ in range(SUBMIT_TRIES):
            try:
                await self._once(order)
                return
            except RpcTimeout as error:
                log.warning("%s: %s; telling the same %s again", self._name, error, what)
            except JtraderError as error:
                self.counts["unsent"] += 1
                log.warning("%s: %s was not taken: %s", self._name, what, error)
                return
        self.counts["unanswered"] += 1

    async def _once(self, order: Order) -> None:
        if isinstance(order, Cancel):
            try:
                await self._oms.cancel(order.parent_id, self._name, order.reason)
            except BadInput as error:
                log.info("%s: %s", self._name, error)
            return
        intent, signal = order
        answer = await self._oms.submit(intent, signal)
        self.counts["accepted" if answer.accepted else "refused"] += 1
        if not answer.accepted:
            log.warning("%s: intent %s refused: %s (%s)", self._name, intent.parent_id, answer.reason, answer.code)
