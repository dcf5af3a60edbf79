"""What the private streams of all venues have in common: orders that may live, what was missed, the ledger, and the
work beside the stream."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.errors import Broken
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, TradeId, VenueOrderId
from jtrader.domain.order import Fill, OrderStatus, OrderType, Side, VenueOrder
from jtrader.exchange.common import asking, ledger_watch
from jtrader.exchange.common.beside import beside
from jtrader.exchange.common.fill_marks import FillMarks
from jtrader.exchange.common.ledger_watch import LedgerWatch
from jtrader.exchange.common.missed import MissedReports
from jtrader.exchange.common.unfinished import UnfinishedOrders
from jtrader.ports.broker import AccessDenied, OrderNotFound, OutcomeUnknown, RetryLater

ALPHA, BTC, ETH = AccountId("alpha"), InstrumentId("venue:BTC"), InstrumentId("venue:ETH")


def order(name: str | None, status: OrderStatus = OrderStatus.NEW, instrument: InstrumentId = BTC) -> VenueOrder:
    return VenueOrder(
        account=ALPHA, instrument=instrument, venue_order_id=VenueOrderId(f"v{name}"),
        client_order_id=ClientOrderId(name) if name else None, side=Side.BUY, type=OrderType.LIMIT, status=status,
        quantity=Decimal(1), filled=Decimal(0), price=Decimal(100), ts=1,
    )  # fmt: skip


FILL = Fill(
    account=ALPHA, instrument=BTC, trade_id=TradeId("t1"), venue_order_id=VenueOrderId("va"),
    client_order_id=ClientOrderId("a"), side=Side.BUY, price=Decimal(100), quantity=Decimal(1), fee=Decimal(0),
    fee_asset="BTC", maker=True, ts=1,
)  # fmt: skip


def entry(name: str, kind: EntryKind) -> VenueEntry:
    return VenueEntry(
        account=ALPHA, entry_id=name, kind=kind, asset="BTC", amount=Decimal(1), ts=1, instrument=None, reference=""
    )


TRANSFER = entry("1", EntryKind.TRANSFER)


class Venue:
    """`orders` that it knows, `ledger`: what each look finds (a last one is found for ever), `troubles`: what the next
    questions for fills end in. `asked`: questions in their order."""

    def __init__(self, *orders: VenueOrder, ledger: Sequence[list[VenueEntry] | Exception] = ([],)) -> None:
        self.orders = {one.client_order_id: one for one in orders}
        self.ledger = list(ledger)
        self.troubles: list[Exception] = []
        self.asked: list[str] = []

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        self.asked.append(client_order_id)
        if client_order_id not in self.orders:
            raise OrderNotFound("unknown order")
        return self.orders[client_order_id]

    async def fills_since_last(self) -> list[Fill]:
        self.asked.append("fills")
        if self.troubles:
            raise self.troubles.pop(0)
        return [FILL]

    async def new_entries(self) -> list[VenueEntry]:
        self.asked.append("ledger")
        found = self.ledger.pop(0) if len(self.ledger) > 1 else self.ledger[0]
        if isinstance(found, Exception):
            raise found
        return found


def states(unfinished: UnfinishedOrders, only: InstrumentId | None = None) -> list[str]:
    return [str(one.client_order_id) for one in asyncio.run(unfinished.states(only))]


def test_an_order_is_asked_for_until_it_is_final_forgotten_or_unknown() -> None:
    venue = Venue(order("a"), order("b"), order("c"), order("e", instrument=ETH))
    unfinished = UnfinishedOrders(venue)
    for name in ("a", "b", "c", "lost"):
        unfinished.watch(BTC, ClientOrderId(name))
    unfinished.note([order("b", OrderStatus.FILLED), FILL, order(None), order("e", instrument=ETH), TRANSFER])
    unfinished.forget(ClientOrderId("c"))
    assert ("a" in unfinished, "b" in unfinished, None in unfinished) == (True, False, False)
    assert (states(unfinished, ETH), venue.asked) == (["e"], ["e"])
    assert states(unfinished) == ["a", "e"]
    venue.asked.clear()
    assert (states(unfinished), venue.asked) == (["a", "e"], ["a", "e"])


def test_what_was_missed_is_fills_then_states_that_were_read_before_them() -> None:
    venue = Venue(order("a"), order("b"))
    unfinished = UnfinishedOrders(venue)
    unfinished.watch(BTC, ClientOrderId("a"))
    unfinished.watch(BTC, ClientOrderId("b"))
    told = asyncio.run(MissedReports(venue, unfinished, lambda: None).read())
    assert (told, venue.asked) == ([FILL, order("a"), order("b")], ["a", "b", "fills"])


@pytest.mark.parametrize("fatal", [AccessDenied("key"), Broken("what is that?")])
def test_what_does_not_pass_by_itself_is_not_asked_for_again(fatal: Exception) -> None:
    venue = Venue()
    venue.troubles = [fatal]
    with pytest.raises(type(fatal)):
        asyncio.run(MissedReports(venue, UnfinishedOrders(venue), lambda: None).read())


def test_a_venue_that_does_not_answer_is_asked_again_after_pauses_that_grow_until_it_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "_FIRST_WAIT", 0.25)
    monkeypatch.setattr(asking, "_LONGEST_WAIT", 0.6)
    waits: list[float] = []
    again: Callable[[], None] = lambda: None  # noqa: E731
    venue = Venue()
    trouble = OutcomeUnknown("lost")
    venue.troubles = [trouble, trouble, RetryLater("later", after=9.0), trouble]

    async def work() -> None:
        def call_later(wait: float, call: Callable[[], None]) -> None:
            assert call is again
            waits.append(wait)

        monkeypatch.setattr(asyncio.get_running_loop(), "call_later", call_later)
        missed = MissedReports(venue, UnfinishedOrders(venue), again)
        assert [await missed.read() for _ in range(5)] == [None] * 4 + [[FILL]]
        venue.troubles = [trouble]
        assert await missed.read() is None

    asyncio.run(work())
    assert waits == [0.25, 0.5, 9.0, 0.6, 0.25]


@pytest.mark.parametrize(
    ("told", "btc", "eth"),
    [
        ([], None, None),
        ([(BTC, 5, False)], None, None),
        ([(BTC, 5, True), (BTC, 7, False)], 5, None),
        ([(BTC, 5, False), (ETH, 0, True)], 5, 0),
        ([(BTC, 7, True), (BTC, 5, True)], 7, None),
    ],
    ids=["nothing", "behind a hole", "before a hole", "a hole that was read", "out of order"],
)
def test_fills_are_read_again_from_the_last_one_before_which_none_is_missing(
    told: Sequence[tuple[InstrumentId, int, bool]], btc: int | None, eth: int | None
) -> None:
    marks = FillMarks()
    for instrument, mark, is_whole in told:
        marks.told(instrument, mark, is_whole)
    assert (marks.whole_until(BTC), marks.whole_until(ETH)) == (btc, eth)


BROKEN_OFF, OF_TRADES = RetryLater("busy"), [entry("2", EntryKind.TRADE), entry("3", EntryKind.FEE)]


@pytest.mark.parametrize(
    ("hints", "ledger", "looks", "told"),
    [
        (0, [[TRANSFER]], 0, 0),
        (1, [[TRANSFER], []], 1, 1),
        (1, [BROKEN_OFF, OF_TRADES, [*OF_TRADES, TRANSFER], []], 3, 1),
        (1, [[]], 4, 0),
        (2, [[]], 4, 0),
    ],
    ids=["no hint", "at once", "until it is booked", "no longer than that", "two hints"],
)
def test_a_hint_at_the_ledger_is_followed_until_its_row_is_booked(
    hints: int,
    ledger: list[list[VenueEntry] | Exception],
    looks: int,
    told: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger_watch, "_WAITS", (0.0,) * 4)
    venue, heard = Venue(ledger=ledger), list[VenueEntry]()

    async def work() -> None:
        watch = LedgerWatch(venue, heard.append)
        for _ in range(hints):
            watch.hint()
        async with beside(watch.follow(), on_failure=lambda _: None):
            for _ in range(100):
                await asyncio.sleep(0)

    asyncio.run(work())
    assert (len(venue.asked), heard) == (looks, [TRANSFER] * told)


def test_the_ledger_is_looked_at_now_and_then_without_a_hint() -> None:
    venue, heard = Venue(ledger=[[], [], [TRANSFER], []]), list[VenueEntry]()

    async def work() -> None:
        async with beside(LedgerWatch(venue, heard.append, every=0.01).follow(), on_failure=lambda _: None):
            async with asyncio.timeout(5):
                while not heard:
                    await asyncio.sleep(0.005)

    asyncio.run(work())
    assert heard == [TRANSFER]


def test_a_refused_key_ends_what_goes_on_beside_and_is_told_while_the_rest_goes_on() -> None:
    told: list[BaseException] = []
    ended: list[str] = []

    async def steady() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("steady")

    async def work() -> None:
        watch = LedgerWatch(Venue(ledger=[AccessDenied("revoked")]), lambda _: None)
        watch.hint()
        async with beside(watch.follow(), steady(), on_failure=told.append):
            while not told:
                await asyncio.sleep(0)
            assert ended == []

    asyncio.run(work())
    assert ([type(one) for one in told], ended) == ([AccessDenied], ["steady"])
