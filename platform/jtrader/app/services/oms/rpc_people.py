"""What people ask of the oms: each with who asks and why. Raises BadInput with the sentence where it can't be."""

from collections.abc import Awaitable, Callable, Collection
from decimal import Decimal
from typing import Any

from jtrader.app.services.oms.core_loop import CoreLoop
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, StrategyId, TradeId, VenueOrderId
from jtrader.domain.order import Fill
from jtrader.engine.inputs import (
    AcknowledgeAsked,
    AdjustAsked,
    AmendAsked,
    AssignAsked,
    CancelAsked,
    Input,
    Outcome,
    ResolveAsked,
)


class PeopleMethods:
    """One method an RPC name. `strategies`: those that the settings bind to an account."""

    def __init__(self, core: CoreLoop, strategies: Collection[tuple[AccountId, StrategyId]] = ()) -> None:
        self._core = core
        self._strategies = frozenset(strategies)

    def handlers(self) -> dict[str, Callable[..., Awaitable[Any]]]:
        return {
            "cancel_order": self.cancel_order,
            "resolve_order": self.resolve_order,
            "assign": self.assign,
            "acknowledge_break": self.acknowledge_break,
            "adjust": self.adjust,
            "amend_order": self.amend_order,
        }

    async def cancel_order(self, client_order_id: ClientOrderId, actor: str, reason: str) -> None:
        await self._do(CancelAsked(client_order_id=client_order_id, actor=actor, reason=reason))

    async def amend_order(
        self,
        client_order_id: ClientOrderId,
        actor: str,
        reason: str,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
    ) -> None:
        """Returns when it is on its way; `orders` shows what came of it."""
        asked = AmendAsked(client_order_id=client_order_id, quantity=quantity, price=price, actor=actor, reason=reason)
        await self._do(asked)

    async def resolve_order(
        self,
        client_order_id: ClientOrderId,
        outcome: Outcome,
        actor: str,
        reason: str,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        trade_id: TradeId | None = None,
        fee: Decimal = Decimal(0),
        fee_asset: str = "",
        ts: int = 0,
    ) -> None:
        """Ends an order UNKNOWN. Filled: `quantity` at `price` under the venue's trade id; `fee_asset` empty = the
        settle asset, `ts` (ns) 0 = now."""
        fill = None
        order = self._core.engine.state.orders.get(client_order_id)
        if outcome is Outcome.FILLED and order is not None:
            if quantity is None or price is None or not trade_id:
                raise BadInput("a filled order needs the quantity, the price and the venue's trade id")
            child = order.child
            fill = Fill(
                account=child.account,
                instrument=child.instrument,
                trade_id=trade_id,
                venue_order_id=order.venue_order_id or VenueOrderId(""),
                client_order_id=child.client_order_id,
                side=child.side,
                price=price,
                quantity=quantity,
                fee=fee,
                fee_asset=fee_asset or self._core.engine.core.instruments[child.instrument].settle,
                maker=False,
                ts=ts or self._core.now().market,
            )
        await self._do(
            ResolveAsked(client_order_id=client_order_id, outcome=outcome, actor=actor, reason=reason, fill=fill)
        )

    async def assign(
        self,
        account: AccountId,
        instrument: InstrumentId,
        strategy: StrategyId,
        actor: str,
        reason: str,
        quantity: Decimal | None = None,
    ) -> None:
        """Gives what is UNASSIGNED, or `quantity` of it, to a strategy."""
        known = {name for place, name in self._strategies if place == account}
        known |= {p.strategy for p in self._core.engine.positions() if p.account == account}
        if strategy not in known:
            names = ", ".join(sorted(known - {"UNASSIGNED"})) or "none"
            raise BadInput(f"no strategy '{strategy}' trades on account '{account}'; known: {names}")
        await self._do(
            AssignAsked(
                account=account,
                instrument=instrument,
                strategy=strategy,
                quantity=quantity,
                actor=actor,
                reason=reason,
            )
        )

    async def acknowledge_break(self, account: AccountId, date: str, break_id: str, actor: str, reason: str) -> None:
        """Explains a break of the account's statement of a day."""
        await self._do(AcknowledgeAsked(account=account, date=date, break_id=break_id, actor=actor, reason=reason))

    async def adjust(
        self, account: AccountId, asset: str, amount: Decimal, actor: str, reason: str, at: int | None = None
    ) -> None:
        """Corrects the account's books by an amount, as of a market time (none = now)."""
        await self._do(AdjustAsked(account=account, asset=asset, amount=amount, at=at, actor=actor, reason=reason))

    async def _do(self, given: Input) -> None:
        answer = await self._core.ask(given)
        if answer is None:
            raise Broken(f"the engine gave no answer to {type(given).__name__}")
        if not answer.accepted:
            raise BadInput(answer.reason)
