"""ports.Broker of one Huobi (HTX) account: spot, USDT-M, coin-margined swap or coin-margined future.

Amounts go out as the exact text of our Decimals and come in from the venue's digits. Spot takes our client ids as they
are, contracts an integer made of them (see ids). HTX changes no order in place: `amend` is NotOffered, and the caller
decides between two orders.

HTX accepts a signed request for five minutes after its timestamp (`REQUEST_LIFE`). An order without an answer may
arrive that much later, so it counts as absent only when it was cancelled by its client id again and again, was found
neither among orders nor among trades, and those minutes are over.
"""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from jtrader.domain.account import AccountMode, Balance, VenueEntry, VenuePosition
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market
from jtrader.domain.order import ChildOrder, Fill, VenueOrder
from jtrader.domain.times import DAY, MINUTE
from jtrader.exchange.common.broker import StreamBroker
from jtrader.exchange.common.reports import Report
from jtrader.exchange.common.session import Keys
from jtrader.exchange.huobi.desks import PAGE, desk_of
from jtrader.exchange.huobi.endpoints import PUBLIC
from jtrader.exchange.huobi.ids import OrderIds
from jtrader.exchange.huobi.session import HuobiSession
from jtrader.exchange.huobi.stream import PrivateStream
from jtrader.ports.broker import BrokerError, NotOffered, OrderRefusedByVenue, OutcomeUnknown, RetryLater

REQUEST_LIFE = 5 * MINUTE
_SHORT_PAST = 2 * DAY
"""Ledger rows that are asked for behind the last one seen: the venue may book a row late."""
_OVERLAP = MINUTE
"""Fills are asked for again this long before the last one seen: trades of one instant come in any order."""


class HuobiBroker(StreamBroker):
    """Reading and order entry of one account. Use within one event loop; `close` it there."""

    _stream: PrivateStream

    def __init__(
        self,
        account: AccountId,
        market: Market,
        instruments: Sequence[InstrumentId],
        keys: Keys,
        simulator_uri: str | None = None,
        page: int = PAGE,
        orders_file: Path | None = None,
        pause_file: Path | None = None,
    ) -> None:
        """`instruments`: what this account trades; fills missed by the stream are looked for there, and contracts list
        their open orders one instrument at a time. `orders_file`: what was sent, for the next start and for other
        processes on the account. `pause_file`: where rate limits are told to other processes."""
        if market not in PUBLIC:
            raise BadInput(f"no HTX market '{market}'; there are {', '.join(PUBLIC)}")
        if not instruments:
            raise BadInput(f"account {account} needs at least one instrument")
        super().__init__(account, market, instruments)
        for instrument in instruments:
            self._own(instrument)
        self._ids = OrderIds(orders_file)
        self._session = HuobiSession(keys, simulator_uri, pause_file)
        self._desk = desk_of(
            self._session, keys, self._session.milliseconds, account, market, self._instruments, self._ids, page
        )
        self._stream = PrivateStream(self._desk, self, simulator_uri)
        self._last_fill: dict[InstrumentId, int] = {}

    async def balances(self) -> Sequence[Balance]:
        """Assets that hold anything."""
        return await self._desk.account.balances()

    async def positions(self) -> Sequence[VenuePosition]:
        return await self._desk.account.positions()

    async def open_orders(self) -> Sequence[VenueOrder]:
        return sorted(await self._desk.orders.open_orders(), key=lambda order: order.ts)

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Fill]:
        return await self._desk.account.fills(self._own(instrument), start, end)

    async def entries(self, start: int, end: int) -> Sequence[VenueEntry]:
        return await self._desk.account.entries(start, end)

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        """The mark price with which the minute at `ts` opens."""
        return await self._desk.account.mark_at(self._own(instrument), ts)

    async def account_mode(self) -> AccountMode:
        return await self._desk.account.account_mode()

    async def submit(self, order: ChildOrder) -> VenueOrder:
        """What is unreadable in the answer to an order is OutcomeUnknown (see `acknowledged`); before that, no order is
        sent."""
        self._own(order.instrument)
        self._stream.unfinished.watch(order.instrument, order.client_order_id)
        try:
            return await self._desk.orders.submit(order)
        except BrokerError as error:
            if not isinstance(error, OutcomeUnknown):
                self._stream.unfinished.forget(order.client_order_id)
            if isinstance(error, OrderRefusedByVenue):
                self._ids.ended(order.client_order_id)
            raise
        except (Broken, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            self._stream.unfinished.forget(order.client_order_id)
            why = f"{order.client_order_id} was not sent: what has to be known first can't be read ({error!r})"
            raise RetryLater(why) from error

    async def amend(
        self, instrument: InstrumentId, client_order_id: ClientOrderId, quantity: Decimal, price: Decimal
    ) -> VenueOrder:
        self._own(instrument)
        raise NotOffered(
            f"HTX changes no order in place: cancel {client_order_id} and place {quantity} at {price} under a new id"
        )

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        await self._desk.orders.cancel(self._own(instrument), client_order_id)

    async def cancel_all(self, instrument: InstrumentId) -> None:
        await self._desk.orders.cancel_all(self._own(instrument))

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        return await self._desk.orders.order(self._own(instrument), client_order_id)

    @property
    def request_life(self) -> int:
        """HTX takes a signed request for minutes after its timestamp."""
        return REQUEST_LIFE

    async def close(self) -> None:
        await self._session.close()
        self._ids.close()

    async def fills_since_last(self, back: int = 0) -> list[Fill]:
        """Fills that the stream may have missed: from the last one seen on, at first from this broker's start, or from
        `back` ns before that."""
        now = await self._market_time()
        found: list[Fill] = []
        for instrument in self._instruments:
            since = self._last_fill.get(instrument, self._since) - _OVERLAP - back
            found += await self._desk.account.fills(instrument, since, now + _OVERLAP)
        return sorted(found, key=lambda fill: fill.ts)

    async def new_entries(self) -> list[VenueEntry]:
        """Ledger rows not yet handed out, from this broker's start on."""
        now = await self._market_time()
        entries = await self.entries(max(self._since, now - _SHORT_PAST), now + _OVERLAP)
        return self._fresh(entries)

    async def set_clock(self) -> None:
        """Signatures carry the venue's time from then on. Raises BrokerError."""
        await self._session.set_clock()

    def _own(self, instrument: InstrumentId) -> InstrumentId:
        self._symbol(instrument)
        return instrument

    def _heard(self, report: Report) -> None:
        if isinstance(report, Fill):
            self._last_fill[report.instrument] = max(self._last_fill.get(report.instrument, 0), report.ts)

    async def _market_time(self) -> int:
        """The venue's newest market time, ns."""
        return await self._session.market_time(self._instruments[0])
