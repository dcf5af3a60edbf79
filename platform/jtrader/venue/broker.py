"""A venue in process as `ports.Broker`: paper trading, and tests without a server.

Nothing here waits for a network: a request is done when it returns. What it did is told to `reports` with whatever
else happened, by `tell`: whoever drains the venue hands it on. A broker that has the venue to itself drains it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from decimal import Decimal

from jtrader.domain.account import AccountMode, Balance, MarginMode, PositionMode, VenueEntry, VenuePosition
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId
from jtrader.domain.order import ChildOrder, Fill, OrderType, Side, TimeInForce, VenueOrder
from jtrader.matching.entry import Style
from jtrader.ports.broker import NotOffered, OrderNotFound, OrderRefusedByVenue, OutcomeUnknown, Reason
from jtrader.venue.account import Account
from jtrader.venue.filters import NewOrder
from jtrader.venue.listing import Listing
from jtrader.venue.records import BalancesChanged, Happened, Income, Order, OrderReported
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.told_as import REASONS, entry_told, fill_told, order_told, position_told
from jtrader.venue.units import ATOM, text
from jtrader.venue.venue import BUY, SELL, Venue
from jtrader.venue.words import Leg

MarkAt = Callable[[InstrumentId, int], str]
"""The mark price at a minute boundary (ns), as an exact string. Raises BadInput if there is none."""
Report = VenueOrder | Fill | VenueEntry

_STYLES = {
    TimeInForce.GTC: Style.LIMIT,
    TimeInForce.IOC: Style.IOC,
    TimeInForce.FOK: Style.FOK,
    TimeInForce.POST_ONLY: Style.POST_ONLY,
}
_AT_MARKET = frozenset({OrderType.MARKET, OrderType.STOP, OrderType.MARKET_IF_TOUCHED})
_TOUCHED = frozenset({OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED})


class VenueBroker:
    """`wallet` is the venue's account behind ours; `now` tells market time. `settled` makes what happened be told:
    where somebody else drains the venue, he is asked to; by default the broker drains it."""

    def __init__(
        self,
        account: AccountId,
        venue: Venue,
        wallet: Account,
        now: Callable[[], int],
        mark_at: MarkAt | None = None,
        settled: Callable[[], None] | None = None,
    ) -> None:
        self.account = account
        self._venue = venue
        self._wallet = wallet
        self._now = now
        self._mark_at = mark_at
        self._settled = settled or (lambda: self.tell(venue.drain()))
        self._by_id = {listing.instrument.id: symbol for symbol, listing in venue.listings.items()}
        self._reports: asyncio.Queue[Report] = asyncio.Queue()
        self._live = asyncio.Event()

    # ---- reading

    async def balances(self) -> Sequence[Balance]:
        """Assets that hold anything; of a derivatives wallet free is what may leave."""
        margin = self._venue.margin
        found = []
        for asset, held in self._wallet.holdings.items():
            free = held.free if margin is None else margin.withdrawable(self._wallet, asset)
            if held.total:
                total = Decimal(text(held.total))
                found.append(Balance(account=self.account, asset=asset, total=total, free=Decimal(text(free))))
        return found

    async def positions(self) -> Sequence[VenuePosition]:
        margin = self._venue.margin
        if margin is None:
            return []
        return [
            position_told(position, self.account, self._venue.listings[position.symbol], margin.mark(position.symbol))
            for position in self._wallet.positions.values()
            if position.lots
        ]

    async def open_orders(self) -> Sequence[VenueOrder]:
        found = [*self._wallet.open_orders.values(), *self._wallet.open_conditionals.values()]
        return [self._told(order) for order in sorted(found, key=lambda order: order.created)]

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Fill]:
        listing = self._listing(instrument)
        return [
            fill_told(trade, self._wallet.orders[trade.order_id], self.account, listing)
            for trade in self._wallet.trades
            if trade.symbol == listing.symbol and start <= trade.ts < end
        ]

    async def entries(self, start: int, end: int) -> Sequence[VenueEntry]:
        return [self._entry(row) for row in self._wallet.income if start <= row.ts < end]

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        listing = self._listing(instrument)
        if self._mark_at is None or listing.instrument.is_spot:
            raise BadInput(f"{instrument} has no mark price of {ts} (ns) here")
        return self._mark_at(instrument, ts)

    async def account_mode(self) -> AccountMode:
        margin, modes = self._venue.margin, self._wallet.modes
        native = modes.native_fee if self._venue.rules.native_fee is not None else None
        if margin is None:
            return AccountMode(account=self.account, native_fee_discount=native)
        return AccountMode(
            account=self.account,
            position_mode=PositionMode.HEDGE if modes.hedge else PositionMode.ONE_WAY,
            multi_asset=modes.multi_asset,
            native_fee_discount=native,
            margin_modes={
                name: MarginMode.ISOLATED if margin.is_isolated(self._wallet, symbol) else MarginMode.CROSS
                for name, symbol in self._by_id.items()
            },
            leverage={name: Decimal(margin.leverage(self._wallet, symbol)) for name, symbol in self._by_id.items()},
        )

    # ---- orders

    async def submit(self, order: ChildOrder) -> VenueOrder:
        new = self._new_order(order)
        try:
            return self._told(self._venue.submit(self._wallet, new, self._now()))
        except Refused as refused:
            raise _translated(refused) from refused
        finally:
            self._settled()

    async def amend(
        self, instrument: InstrumentId, client_order_id: ClientOrderId, quantity: Decimal, price: Decimal
    ) -> VenueOrder:
        order = self._found(instrument, client_order_id)
        if order.is_waiting:
            raise NotOffered(f"{client_order_id} waits for its price: cancel it and send another")
        if not order.is_open:
            raise OrderNotFound(f"order {client_order_id} is {order.status}: there is nothing to change")
        try:
            self._refuse_to_end(order, quantity, price)
            return self._told(self._venue.amend(self._wallet, order, quantity, price, self._now()))
        except Refused as refused:
            raise _translated(refused) from refused
        finally:
            self._settled()

    async def cancel_all(self, instrument: InstrumentId) -> None:
        self._venue.cancel_all(self._wallet, self._listing(instrument).symbol, self._now())
        self._settled()

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        try:
            self._venue.cancel(self._wallet, self._found(instrument, client_order_id), self._now())
        except Refused as refused:
            raise OrderNotFound(f"order {client_order_id} is not open any more") from refused
        self._settled()

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        return self._told(self._found(instrument, client_order_id))

    # ---- the private stream

    def tell(self, happened: Iterable[Happened]) -> None:
        """What the venue told since the last time; other accounts' news are not passed on."""
        for one in happened:
            if isinstance(one, OrderReported) and one.order.account == self._wallet.name:
                listing = self._venue.listings[one.order.symbol]
                if one.trade is not None:
                    self._reports.put_nowait(fill_told(one.trade, one.order, self.account, listing))
                self._reports.put_nowait(self._told(one.order))
            elif isinstance(one, BalancesChanged) and one.account == self._wallet.name:
                for row in one.rows:
                    if row.trade_id is None:
                        self._reports.put_nowait(self._entry(row))

    async def reports(self) -> AsyncIterator[Report]:
        """Nothing is lost between two readers: what was not read yet waits for the next."""
        self._live.set()
        try:
            while True:
                yield await self._reports.get()
        finally:
            self._live.clear()

    @property
    def request_life(self) -> int:
        """A venue in the same process takes an order at once or never."""
        return 0

    @property
    def is_live(self) -> bool:
        return self._live.is_set()

    async def wait_live(self) -> None:
        await self._live.wait()

    async def close(self) -> None:
        """The venue goes on without this reader; resting orders stay."""

    # ---- inside

    def _new_order(self, order: ChildOrder) -> NewOrder:
        listing, side = self._listing(order.instrument), BUY if order.side is Side.BUY else SELL
        return NewOrder(
            symbol=listing.symbol,
            side=side,
            style=Style.MARKET if order.type in _AT_MARKET else _STYLES[order.time_in_force],
            client_id=str(order.client_order_id),
            quantity=order.quantity,
            price=None if order.type in _AT_MARKET else order.price,
            reduce_only=order.reduce_only,
            leg=self._leg(side, order.reduce_only),
            trigger_price=order.trigger_price if order.type.is_conditional else None,
            trigger_by=order.trigger_by,
            if_touched=order.type in _TOUCHED,
        )

    def _leg(self, side: int, reduces: bool) -> Leg:
        """In hedge mode a buy opens long and, reduce-only, closes short."""
        if not self._wallet.modes.hedge:
            return Leg.BOTH
        return Leg.LONG if (side == BUY) != reduces else Leg.SHORT

    def _refuse_to_end(self, order: Order, quantity: Decimal, price: Decimal) -> None:
        """The venue would end the order; whoever amends through this port wants it to stand then."""
        listing = self._venue.listings[order.symbol]
        if quantity <= Decimal(listing.quantity_text(order.filled)):
            raise Refused(Why.QUANTITY_LOW, f"{quantity} is no more than what is filled")
        book = self._venue.books[order.symbol]
        if order.style is Style.POST_ONLY and book.crosses(order.side, int(price * ATOM) // listing.tick):
            raise Refused(Why.WOULD_TAKE, "the order would match at once, and it may only rest")

    def _found(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> Order:
        found = self._wallet.find(self._listing(instrument).symbol, None, str(client_order_id))
        if found is None:
            raise OrderNotFound(f"{self._venue.market} knows no order {client_order_id}")
        return found

    def _listing(self, instrument: InstrumentId) -> Listing:
        symbol = self._by_id.get(instrument)
        if symbol is None:
            raise BadInput(f"{self._venue.market} lists no {instrument}; it lists {', '.join(self._by_id)}")
        return self._venue.listings[symbol]

    def _told(self, order: Order) -> VenueOrder:
        return order_told(order, self.account, self._venue.listings[order.symbol])

    def _entry(self, row: Income) -> VenueEntry:
        return entry_told(row, self.account, self._venue.listings.get(row.symbol))


def _translated(refused: Refused) -> OrderRefusedByVenue | OutcomeUnknown | NotOffered:
    if refused.why is Why.NO_REFERENCE:
        return NotOffered(str(refused), refused.why.value)
    if refused.why is Why.DUPLICATE_CLIENT_ID:
        return OutcomeUnknown(str(refused), refused.why.value, Reason.DUPLICATE_ID)
    return OrderRefusedByVenue(str(refused), refused.why.value, REASONS.get(refused.why, Reason.OTHER))
