"""Paper accounts from settings to orders: funds, a feed that can't be trusted, funding from the venue's own history."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from fixtures.broker_desk import child_order
from fixtures.paper_desk import BOOK, PERP, START
from fixtures.venue_market import VenueMarket
from jtrader.app.services.oms.paper import PaperAccount
from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.paper import open_paper
from jtrader.app.wiring.trading import broker_for, instruments_of
from jtrader.bus.market import Batch
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.domain.instrument import Instrument, InstrumentStatus
from jtrader.domain.market import Event, FeedStatus, Funding, Mark
from jtrader.domain.order import OrderStatus, Side
from jtrader.domain.times import HOUR, MINUTE
from jtrader.ports.broker import Broker, NotOffered, OrderRefusedByVenue, Reason
from jtrader.venue.records import Income, IncomeKind
from jtrader.venue.units import text

T = TypeVar("T")
ALPHA = AccountId("alpha")
RULES = [one.instrument for one in VenueMarket.listed(str(PERP), "binance_usdm:ETHUSDT").listings]
AT_NIGHT = START + MINUTE
"""A funding instant: 08:00."""


def desk(home: Path, market: str = "binance_usdm", funds: dict[str, str] | None = None) -> Settings:
    account = {"name": "alpha", "market": market, "broker": "paper", "funds": funds or {"USDT": "100000"}}
    return load_settings(home=home, simulator_uri="http://127.0.0.1:1", accounts=[account])


class History:
    """What a venue tells of the past, as a test sets it: rates by instant, marks by minute."""

    def __init__(self, rates: dict[int, float] | None = None, marks: dict[int, str] | None = None) -> None:
        self._rates = rates or {}
        self._marks = marks or {}
        self.asked = 0

    async def funding(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Funding]:
        self.asked += 1
        return [Funding(instrument, ts, rate) for ts, rate in self._rates.items() if start <= ts < end]

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        if ts not in self._marks:
            raise BadInput(f"no mark of {instrument}")
        return self._marks[ts]

    async def close(self) -> None:
        """Nothing is open."""


class Desk:
    """The account as the oms builds it, in a loop of its own."""

    def __init__(
        self,
        home: Path,
        history: History | None = None,
        rules: Sequence[Instrument] = RULES,
        now: int = START,
        **settings: Any,
    ) -> None:
        self.settings = desk(home, **settings)
        chosen = self.settings.account("alpha")
        traded = instruments_of(self.settings, chosen)
        opened = open_paper(self.settings, chosen, traded, rules, now)
        self.market, self.wallet, self.file = opened
        self.history = history or History()
        self.account = PaperAccount(*opened, self.history, rate_seconds=0)

    async def hear(self, *events: Event, missed: int = 0) -> None:
        for event in events:
            kind = str(type(event).__struct_config__.tag)
            await self.account.take(Batch(event.instrument, kind, (event,), missed))
        self.account.settle()

    async def buy(self, quantity: str = "1", **fields: object) -> OrderStatus:
        order = child_order(ALPHA, PERP, Decimal(quantity), side=Side.BUY, **fields)
        return (await self.account.broker.submit(order)).status

    def paid(self) -> list[tuple[int, str]]:
        """(minutes after START, amount) of the funding rows."""
        rows: list[Income] = [row for row in self.wallet.income if row.kind is IncomeKind.FUNDING_FEE]
        return [((row.ts - START) // MINUTE, text(row.amount)) for row in rows]


def mark(ts: int, price: float = 50_000.0, due: int = AT_NIGHT, predicted: float = 0.0001) -> Mark:
    return Mark(PERP, ts, price, price, predicted, due)


def read(settings: Settings, look: Callable[[Broker], Awaitable[T]]) -> T:
    """As another process reads the account."""

    async def use() -> T:
        broker = broker_for(settings, settings.account("alpha"))
        try:
            return await look(broker)
        finally:
            await broker.close()

    return asyncio.run(use())


@pytest.mark.parametrize(
    ("market", "funds", "says"),
    [
        ("binance_usdm", {"USDX": "5"}, "funds in USDX, which binance_usdm does not know; .* paid in USDT$"),
        ("binance_usdm", {"BTC": "5"}, "funds in BTC, which binance_usdm does not know"),
        ("binance_usdm", {"USDT": "0.000000001"}, "'alpha': funds have at most 8 decimals"),
        ("binance_spot", {"USDT": "5", "BTC": "1"}, "funds in BTC, which it trades: .* opened flat"),
    ],
)
def test_funds_that_do_not_fit_are_refused(tmp_path: Path, market: str, funds: dict[str, str], says: str) -> None:
    rules = [VenueMarket.listed(f"{market}:BTCUSDT").listings[0].instrument]
    with pytest.raises(BadInput, match=says):
        Desk(tmp_path, rules=rules, market=market, funds=funds)


def test_a_closed_venue_tells_no_prices(tmp_path: Path) -> None:
    settings = desk(tmp_path, market="bitmex", funds={"BTC": "1"}).model_copy(update={"simulator_uri": None})
    with pytest.raises(BadInput, match="BitMEX closed in September 2026; only the simulator tells prices"):
        open_paper(settings, settings.account("alpha"), (), (), START)


def test_an_account_is_opened_once(tmp_path: Path) -> None:
    assert read(Desk(tmp_path).settings, lambda broker: broker.balances())[0].total == 100_000
    assert Desk(tmp_path).wallet.holding("USDT").total == 100_000 * 10**8
    with pytest.raises(BadInput, match=r"opened with 100000\.0+ USDT: its funds can't be others now"):
        Desk(tmp_path, funds={"USDT": "5"})


def test_what_an_order_did_is_on_disk_when_its_answer_comes(tmp_path: Path) -> None:
    async def trade() -> tuple[Desk, OrderStatus]:
        made = Desk(tmp_path)
        await made.hear(BOOK, mark(START))
        return made, await made.buy("0.5")

    made, status = asyncio.run(trade())
    assert status is OrderStatus.FILLED
    (fill,) = read(made.settings, lambda broker: broker.fills(PERP, START, START + HOUR))
    (position,) = read(made.settings, lambda broker: broker.positions())
    assert (fill.price, fill.quantity, position.quantity) == (Decimal("50000.1"), Decimal("0.5"), Decimal("0.5"))
    assert read(made.settings, lambda broker: broker.fills(InstrumentId("binance_usdm:XRPUSDT"), 0, HOUR)) == []
    with pytest.raises(NotOffered, match="a paper account's orders go through the oms"):
        read(made.settings, lambda broker: broker.submit(child_order(ALPHA, PERP, Decimal(1))))


def test_an_order_that_can_not_be_written_down_has_no_answer(tmp_path: Path) -> None:
    async def trade() -> None:
        made = Desk(tmp_path)
        await made.hear(BOOK, mark(START))
        made.file.close()
        await made.buy("0.5")

    with pytest.raises(Unavailable, match="can't be written"):
        asyncio.run(trade())


@pytest.mark.parametrize(
    ("events", "missed", "says"),
    [
        ((), 0, "has told no price of BTCUSDT yet"),
        ((BOOK, FeedStatus(PERP, START, 1, "stale")), 0, "the feed of BTCUSDT is stale"),
        ((BOOK, FeedStatus(PERP, START, 1, "down")), 0, "the feed of BTCUSDT is down"),
        ((msgspec.structs.replace(BOOK, snapshot=False),), 3, "has told no price of BTCUSDT yet"),
    ],
)
def test_no_order_is_taken_while_the_feed_can_not_be_trusted(
    tmp_path: Path, events: Sequence[Event], missed: int, says: str
) -> None:
    async def trade() -> None:
        made = Desk(tmp_path)
        await made.hear(mark(START), *events, missed=missed)
        assert any(says in why for why in made.account.troubles)
        await made.buy()

    with pytest.raises(OrderRefusedByVenue, match=says) as refusal:
        asyncio.run(trade())
    assert (refusal.value.code, refusal.value.reason) == ("feed", Reason.NOT_TRADING)


def test_funding_is_paid_at_the_settled_rate_on_what_was_held_at_the_instant(tmp_path: Path) -> None:
    async def trade() -> Desk:
        made = Desk(tmp_path, History({AT_NIGHT + 7: 0.0003}))
        await made.hear(BOOK, mark(START))
        await made.buy("1")
        await made.hear(mark(AT_NIGHT, due=AT_NIGHT + 8 * HOUR), mark(AT_NIGHT + 1, due=AT_NIGHT + 8 * HOUR))
        return made

    made = asyncio.run(trade())
    assert (made.paid(), made.history.asked) == ([(1, "-15.00000000")], 1)


def test_without_a_settled_rate_the_predicted_one_is_paid(tmp_path: Path) -> None:
    async def trade() -> Desk:
        made = Desk(tmp_path)
        await made.hear(BOOK, mark(START, predicted=0.0002))
        await made.buy("1")
        await made.hear(mark(AT_NIGHT, due=AT_NIGHT + 8 * HOUR))
        return made

    made = asyncio.run(trade())
    assert (made.paid(), made.history.asked) == ([(1, "-10.00000000")], 4)


def test_who_holds_nothing_is_asked_for_nothing(tmp_path: Path) -> None:
    async def trade() -> Desk:
        made = Desk(tmp_path)
        await made.hear(BOOK, mark(START), mark(AT_NIGHT, due=AT_NIGHT + 8 * HOUR))
        return made

    made = asyncio.run(trade())
    assert (made.paid(), made.history.asked) == ([], 0)


def test_funding_that_passed_while_the_oms_was_away_is_caught_up(tmp_path: Path) -> None:
    async def hold() -> None:
        made = Desk(tmp_path)
        await made.hear(BOOK, mark(START))
        await made.buy("1")

    async def come_back() -> Desk:
        rates = {AT_NIGHT + 8 * HOUR * turn: 0.0001 * (turn + 1) for turn in range(3)}
        marks = {AT_NIGHT: "40000.00000000", AT_NIGHT + 8 * HOUR: "60000.00000000"}
        now = AT_NIGHT + 9 * HOUR
        made = Desk(tmp_path, History(rates, marks), now=now)
        await made.account.catch_up(now)
        return made

    asyncio.run(hold())
    assert asyncio.run(come_back()).paid() == [(1, "-4.00000000"), (481, "-12.00000000")]
    # it is paid once
    assert asyncio.run(come_back()).paid() == [(1, "-4.00000000"), (481, "-12.00000000")]


def test_rules_and_halts_of_the_venue_are_followed_at_the_next_start(tmp_path: Path) -> None:
    Desk(tmp_path)
    halted = msgspec.structs.replace(RULES[0], status=InstrumentStatus.HALTED, min_quantity=Decimal("0.01"))
    again = Desk(tmp_path, rules=[halted, RULES[1]])
    assert again.market.venue.status["BTCUSDT"] is InstrumentStatus.HALTED
    assert again.market.venue.listings["BTCUSDT"].instrument.min_quantity == Decimal("0.01")
    assert Desk(tmp_path).market.venue.status["BTCUSDT"] is InstrumentStatus.TRADING
