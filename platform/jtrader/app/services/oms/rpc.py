"""What the oms answers over RPC. Wishes wait for the disk; figures are of this moment."""

from collections.abc import Awaitable, Callable, Mapping
from itertools import islice
from typing import Any

import msgspec

from jtrader.app.services.oms.core_loop import CoreLoop
from jtrader.domain.books import PnlPoint, PositionState
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.events import Sequenced
from jtrader.domain.ids import AccountId, ClientOrderId
from jtrader.domain.order import ChildOrder, Fill, Intent
from jtrader.domain.signal import Signal
from jtrader.engine.inputs import CancelAllAsked, IntentSubmitted
from jtrader.engine.intents import Answer

MOST_EVENTS = 5_000


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """A child order and where it stands."""

    order: ChildOrder
    status: str
    filled: str
    venue_order_id: str | None
    reason: str
    hint: str = ""
    """What a person should do about it."""


class FillLine(msgspec.Struct, frozen=True, kw_only=True):
    """A fill with the strategy it is booked to."""

    fill: Fill
    strategy: str


class Methods:
    """One method an RPC name; `status` gives the process's own state, `hints` what to do about an order."""

    def __init__(
        self,
        core: CoreLoop,
        status: Callable[[], dict[str, Any]],
        hints: Callable[[], Mapping[ClientOrderId, str]] = dict,
    ) -> None:
        self._core = core
        self._status = status
        self._hints = hints

    def handlers(self) -> dict[str, Callable[..., Awaitable[Any]]]:
        return {
            "submit_intent": self.submit_intent,
            "cancel_all": self.cancel_all,
            "events_since": self.events_since,
            "positions": self.positions,
            "orders": self.orders,
            "fills": self.fills,
            "pnl": self.pnl,
            "status": self.status,
        }

    async def submit_intent(self, intent: Intent, signal: Signal | None = None) -> Answer:
        """Answers when it is journaled and what it led to is released. The same intent again changes nothing."""
        answer = await self._core.ask(IntentSubmitted(intent, signal))
        if answer is None:
            raise Broken("the engine gave no answer to an intent")
        return answer

    async def cancel_all(self, account: AccountId | None = None, actor: str = "", reason: str = "cancel all") -> int:
        """Cancels the working orders of an account, or of all; returns how many were working."""
        if account is not None and account not in self._core.engine.core.accounts:
            known = ", ".join(sorted(self._core.engine.core.accounts))
            raise BadInput(f"account '{account}' is not traded here; there are {known}")
        working = [o for o in self._core.engine.state.live_orders() if account in (None, o.child.account)]
        await self._core.ask(CancelAllAsked(account, reason, actor))
        return len(working)

    async def events_since(self, seq: int, limit: int = 1_000) -> list[Sequenced]:
        """Journaled events after number `seq`, at most `limit` (and at most 5,000), none that is not on disk."""
        if seq < 0:
            raise BadInput(f"seq is {seq}; events are numbered 1, 2, 3 …, ask after 0 for all")
        return self._core.events_since(seq, _page(limit))

    async def positions(self) -> list[PositionState]:
        return self._core.engine.positions()

    async def orders(self, open_only: bool = False, limit: int = 200) -> list[OrderLine]:
        """Newest first."""
        state = self._core.engine.state
        ids = state.live if open_only else state.orders
        newest = islice(reversed(ids), _page(limit))
        return [
            OrderLine(
                order=order.child,
                status=order.status,
                filled=format(order.filled, "f"),
                venue_order_id=order.venue_order_id,
                reason=order.reason,
                hint=self._hints().get(order.id, ""),
            )
            for order in (state.orders[client_order_id] for client_order_id in newest)
        ]

    async def fills(self, limit: int = 200) -> list[FillLine]:
        """Newest first, of the last thousand."""
        ledger = self._core.engine.ledger
        newest = islice(reversed(self._core.recent_fills), _page(limit))
        return [FillLine(fill=e.fill, strategy=ledger.strategy_of(e.fill.client_order_id)) for e in newest]

    async def pnl(self) -> list[PnlPoint]:
        return self._core.engine.pnl(self._core.now().market)

    async def status(self) -> dict[str, Any]:
        return self._status()


def _page(limit: int) -> int:
    if limit < 1:
        raise BadInput(f"limit is {limit}; ask for at least 1, at most {MOST_EVENTS:,} are answered")
    return min(limit, MOST_EVENTS)
