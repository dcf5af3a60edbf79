"""One account's line to its venue: carries commands out, hands on reports, and polls for what the stream may lose."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from itertools import count
from typing import Any

from jtrader.app.services.oms.clock import OmsClock
from jtrader.domain.account import VenueEntry
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.domain.order import ChildOrder, Fill, VenueOrder
from jtrader.domain.times import DAY, HOUR, MINUTE, iso
from jtrader.engine.commands import AmendOrder, CancelOrder, Command, QueryOrder, SubmitOrder
from jtrader.engine.inputs import (
    AmendNotOffered,
    AmendRefused,
    AmendUncertain,
    CancelUnclear,
    EntryReported,
    FillReported,
    Input,
    OpenOrdersListed,
    OrderAbsent,
    OrderReported,
    SubmitRefused,
    SubmitUncertain,
)
from jtrader.ports.broker import (
    AccessDenied,
    Broker,
    BrokerError,
    NotOffered,
    OrderNotFound,
    OrderRefusedByVenue,
    OutcomeUnknown,
    Reason,
)

SUBMIT_SECONDS = 10.0
"""Wall time after which an answer counts as lost; the adapter's own timeout is shorter."""
ENTRIES_EVERY, ORDERS_EVERY = 2, 5
"""Every how many polls ledger rows, and open orders with positions, are read: at Binance they weigh 30 and 40."""
OVERLAP = 10 * MINUTE
"""Market time by which each poll looks back behind the last: the venue may show a fill or row late."""

log = logging.getLogger(__name__)


class VenueLink:
    """Use within one event loop. `failure` says why the account is halted or can't be reached, empty while it can."""

    def __init__(
        self,
        account: AccountId,
        broker: Broker,
        instruments: Sequence[InstrumentId],
        clock: OmsClock,
        put: Callable[[Input], None],
        ask: Callable[[Input], Awaitable[object]],
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        """`spawn` starts a task whose unexpected end stops the process: a restart then finds out what happened."""
        self.account = account
        self.broker = broker
        self.instruments = tuple(instruments)
        self._halt = ""
        self._trouble = ""
        self._clock = clock
        self._put = put
        self._ask = ask
        self._spawn = spawn
        self._since: dict[InstrumentId | None, int] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._halted = asyncio.Event()

    @property
    def failure(self) -> str:
        return self._halt or self._trouble

    # ---- commands

    def carry_out(self, command: Command) -> None:
        """Starts it and returns; what came of it comes back as an input."""
        match command:
            case SubmitOrder():
                self._start(self._submit(command.order))
            case AmendOrder():
                self._start(self._amend(command))
            case CancelOrder():
                self._start(self._cancel(command))
            case QueryOrder():
                self._start(self._query(command))

    async def _submit(self, order: ChildOrder) -> None:
        if self._halt and not order.reduce_only:
            self._put(SubmitRefused(order.client_order_id, "halted", f"account {self.account} is halted: {self._halt}"))
            return
        try:
            async with asyncio.timeout(SUBMIT_SECONDS):
                answer = await self.broker.submit(order)
        except TimeoutError:
            self._put(SubmitUncertain(order.client_order_id, "no answer in time"))
        except OutcomeUnknown as error:
            is_taken = error.reason is Reason.DUPLICATE_ID
            self._put(SubmitUncertain(order.client_order_id, str(error), accepted=is_taken))
        except OrderRefusedByVenue as error:
            self._put(SubmitRefused(order.client_order_id, _code_of(error), str(error)))
        except BrokerError as error:
            code = error.code or type(error).__name__
            self._put(SubmitRefused(order.client_order_id, code, str(error)))
        except BadInput as error:
            self._put(SubmitRefused(order.client_order_id, "bad_input", str(error)))
        else:
            self._tell(answer)

    async def _amend(self, command: AmendOrder) -> None:
        name = command.client_order_id
        try:
            async with asyncio.timeout(SUBMIT_SECONDS):
                answer = await self.broker.amend(command.instrument, name, command.quantity, command.price)
        except NotOffered:
            self._put(AmendNotOffered(name))
        except (OutcomeUnknown, TimeoutError) as error:
            log.info("amend of %s: %s; looking it up", name, error)
            self._put(AmendUncertain(name))
        except OrderRefusedByVenue as error:
            self._put(AmendRefused(name, _code_of(error), str(error)))
        except BrokerError as error:
            self._put(AmendRefused(name, error.code or type(error).__name__, str(error)))
        except BadInput as error:
            self._put(AmendRefused(name, "bad_input", str(error)))
        else:
            self._tell(answer)

    async def _cancel(self, command: CancelOrder) -> None:
        try:
            async with asyncio.timeout(SUBMIT_SECONDS):
                await self.broker.cancel(command.instrument, command.client_order_id)
        except (BrokerError, TimeoutError) as error:
            log.info("cancel of %s: %s; looking it up", command.client_order_id, error)
        self._put(CancelUnclear(command.client_order_id))

    async def _query(self, command: QueryOrder) -> None:
        """The order by our id, and the account's fills beside it: absence needs both to know nothing."""
        asked, was_live = self._clock.wall(), self.broker.is_live
        answer: VenueOrder | None = None
        try:
            try:
                answer = await self.broker.order(command.instrument, command.client_order_id)
            except OrderNotFound:
                log.info("order %s is not known to the venue", command.client_order_id)
            fills = await self.broker.fills(command.instrument, command.since, self._clock.market() + HOUR)
        except BrokerError as error:
            log.warning("order %s can't be looked up: %s", command.client_order_id, error)
            return
        for fill in fills:
            self._tell(fill)
        if answer is not None:
            self._clock.hear(answer.ts)
            self._put(OrderReported(answer, asked, self.broker.request_life))
        elif not any(fill.client_order_id == command.client_order_id for fill in fills):
            live = was_live and self.broker.is_live
            self._put(OrderAbsent(command.client_order_id, asked, live, self.broker.request_life))

    # ---- reports

    async def follow(self) -> None:
        """Hands on the private stream until cancelled. A refused key halts the account: its stream is not tried
        again and only exits are sent, until the process is started anew."""
        try:
            async for report in self.broker.reports():
                self._tell(report)
        except AccessDenied as error:
            self._halt = (
                f"{error}. Nothing new is sent; exits are still tried, and stops at the venue stand. Mend the key, then"
                " start the oms anew ('make up')"
            )
            self._halted.set()
            log.error("account %s is halted: %s", self.account, error)

    async def wait_live(self) -> None:
        """Until the private stream stands. Raises AccessDenied where the key is refused."""
        waiting = [asyncio.ensure_future(self.broker.wait_live()), asyncio.ensure_future(self._halted.wait())]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        if self._halt:
            raise AccessDenied(self._halt)

    def _tell(self, report: VenueOrder | Fill | VenueEntry) -> None:
        self._clock.hear(report.ts)
        match report:
            case Fill():
                self._put(FillReported(report))
            case VenueOrder():
                self._put(OrderReported(report))
            case VenueEntry():
                self._put(EntryReported(report))

    # ---- polling

    def look_from(self, instrument: InstrumentId | None, since: int) -> None:
        """Where polling starts in market time: fills of an instrument, or ledger rows (None)."""
        self._since[instrument] = since

    async def poll(self, entries: bool = True, orders: bool = True) -> None:
        """Fills, ledger rows and open orders, complete since the last poll of each. Raises BrokerError."""
        now = self._clock.market()
        for instrument in self.instruments:
            for fill in await self.broker.fills(instrument, self._since[instrument], now + HOUR):
                self._tell(fill)
            self._since[instrument] = max(self._since[instrument], now - OVERLAP)
        if entries:
            for entry in await self.broker.entries(self._since[None], now + DAY):
                self._tell(entry)
            self._since[None] = max(self._since[None], now - OVERLAP)
        if orders:
            asked = self._clock.wall()
            found = tuple(await self.broker.open_orders())
            for order in found:
                self._tell(order)
            await self._ask(OpenOrdersListed(self.account, found, asked))
        self._trouble = ""

    async def keep_polling(self, seconds: float, also: Callable[[], Awaitable[None]]) -> None:
        """Polls for ever, what weighs much at the venue less often; `also` runs with the rarest. A venue that does not
        answer is told in `failure` and asked again."""
        for turn in count(1):
            await asyncio.sleep(seconds)
            everything = turn % ORDERS_EVERY == 0
            try:
                await self.poll(entries=everything or turn % ENTRIES_EVERY == 0, orders=everything)
                if everything:
                    await also()
            except BrokerError as error:
                self._trouble = str(error)
                log.warning("account %s, market time %s: %s", self.account, iso(self._clock.market()), error)

    # ---- life

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._spawn(work)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def close(self, seconds: float) -> None:
        """Waits for answers that are on their way, then closes the broker. A second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._sending:
            await asyncio.wait(self._sending, timeout=seconds)
        for task in list(self._sending):
            task.cancel()
        await self.broker.close()


def _code_of(error: OrderRefusedByVenue) -> str:
    """The reason in the words that all venues share, else the venue's own code."""
    return error.reason.value if error.reason is not Reason.OTHER else error.code or type(error).__name__
