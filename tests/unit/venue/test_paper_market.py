"""Own orders among those that a live feed tells of: queues, crossings, marks, halts."""

from decimal import Decimal

import pytest

from fixtures.venue_market import VenueMarket
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import InstrumentStatus
from jtrader.domain.market import Depth, Event, FeedStatus, Funding, Mark, Quote, Trade, TradingStatus
from jtrader.domain.order import OrderStatus
from jtrader.domain.times import MINUTE, SECOND
from jtrader.matching.book import BUY, SELL
from jtrader.matching.entry import Style
from jtrader.venue.account import Account
from jtrader.venue.filters import NewOrder
from jtrader.venue.paper import PaperMarket
from jtrader.venue.records import IncomeKind, Order
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import atoms, text

PERP = InstrumentId("binance_usdm:BTCUSDT")
BOOK = Depth(PERP, 1, ((50_000.0, 1.0), (49_999.9, 2.0)), ((50_000.1, 1.0), (50_000.2, 2.0)), snapshot=True)


class Paper:
    """One account with 100,000 USDT; `ts` counts up with each event."""

    def __init__(self, name: str = str(PERP)) -> None:
        self.listing = VenueMarket.listed(name).listings[0]
        self.instrument = self.listing.instrument.id
        self.market = PaperMarket(str(self.listing.instrument.market), [self.listing])
        self.account: Account = self.market.venue.open_account("me", {"USDT": atoms("100000"), "BTC": atoms("1")})
        self._number = 0

    def hear(self, *events: Event) -> None:
        for event in events:
            self.market.apply(event)

    def order(self, side: int, quantity: str, price: str | None = None, **more: object) -> Order:
        self._number += 1
        new = NewOrder(
            symbol=self.listing.symbol,
            side=side,
            style=Style.MARKET if price is None else Style.LIMIT,
            client_id=f"c{self._number}",
            quantity=Decimal(quantity),
            price=None if price is None else Decimal(price),
            **more,  # type: ignore[arg-type]
        )
        return self.market.venue.submit(self.account, new, self.market.now)

    def standing(self, side: int) -> list[tuple[str, str]]:
        levels = self.market.venue.books[self.listing.symbol].depth(side, 9)
        return [(self.listing.price_text(one.ticks), self.listing.quantity_text(one.lots)) for one in levels]


@pytest.fixture
def paper() -> Paper:
    made = Paper()
    made.hear(BOOK, Mark(PERP, 1, 50_000.05, 50_000.0, 0.0001, 0))
    return made


def test_books_follow_the_feed(paper: Paper) -> None:
    assert paper.standing(BUY) == [("50000.0", "1.000"), ("49999.9", "2.000")]
    # the best bid goes up past the old best ask, which is gone with the same message
    paper.hear(Depth(PERP, 2, ((50_000.1, 0.7),), ((50_000.1, 0.0), (50_000.2, 3.0))))
    assert paper.standing(BUY) == [("50000.1", "0.700"), ("50000.0", "1.000"), ("49999.9", "2.000")]
    assert paper.standing(SELL) == [("50000.2", "3.000")]
    paper.hear(BOOK)
    assert paper.standing(BUY) == [("50000.0", "1.000"), ("49999.9", "2.000")]
    assert not [one for one in paper.market.venue.drain() if type(one).__name__ == "TradePrinted"]


def test_an_order_takes_what_the_feed_shows_and_the_feed_refills_it(paper: Paper) -> None:
    order = paper.order(BUY, "1.5")
    assert (order.status, [text(t.price * 10_000_000) for t in paper.account.trades]) == (
        OrderStatus.FILLED,
        ["50000.10000000", "50000.20000000"],
    )
    assert paper.standing(SELL) == [("50000.2", "1.500")]
    paper.hear(Depth(PERP, 2, (), ((50_000.1, 1.0), (50_000.2, 2.0))))
    assert paper.standing(SELL) == [("50000.1", "1.000"), ("50000.2", "2.000")]


def test_a_resting_order_is_reached_when_what_stood_before_it_is_gone(paper: Paper) -> None:
    order = paper.order(BUY, "0.5", "50000.0")
    paper.hear(Trade(PERP, 2, 1, 50_000.0, 0.9, -1))
    assert order.filled == 0
    paper.hear(Trade(PERP, 3, 2, 50_000.0, 0.3, -1))
    assert order.filled == 200
    assert paper.account.trades[0].maker
    # others cancel behind it: its place stays
    paper.hear(Depth(PERP, 4, ((50_000.0, 0.0),), ()))
    assert paper.standing(BUY)[0] == ("50000.0", "0.300")


def test_a_market_that_moves_through_a_price_fills_what_rests_there(paper: Paper) -> None:
    order = paper.order(SELL, "0.5", "50000.3")
    paper.hear(Depth(PERP, 2, ((50_000.3, 4.0),), ((50_000.1, 0.0), (50_000.2, 0.0))))
    assert (order.status, paper.account.trades[0].price) == (OrderStatus.FILLED, 500_003)


def test_quotes_stand_in_where_no_book_is_told() -> None:
    paper = Paper()
    with pytest.raises(Refused) as refused:
        paper.order(BUY, "0.1")
    assert refused.value.why is Why.HALTED
    paper.hear(Mark(PERP, 1, 50_000.0, 50_000.0, 0.0, 0), Quote(PERP, 2, 49_999.0, 1.0, 50_001.0, 2.0))
    assert (paper.standing(BUY), paper.standing(SELL)) == ([("49999.0", "1.000")], [("50001.0", "2.000")])
    paper.hear(Quote(PERP, 3, 50_001.0, 1.5, 50_002.0, 2.0))
    assert (paper.standing(BUY), paper.standing(SELL)) == ([("50001.0", "1.500")], [("50002.0", "2.000")])
    paper.hear(BOOK, Quote(PERP, 4, 1.0, 1.0, 2.0, 1.0))
    assert paper.standing(BUY)[0] == ("50000.0", "1.000")


def test_marks_trigger_and_liquidate_and_funding_is_paid(paper: Paper) -> None:
    paper.order(BUY, "1")
    paper.hear(Funding(PERP, 2, 0.0001))
    row = paper.account.income[-1]
    assert (row.kind, text(row.amount)) == (IncomeKind.FUNDING_FEE, "-5.00000500")
    stop = paper.order(SELL, "0.4", trigger_price=Decimal("49000"), reduce_only=True)
    paper.hear(Trade(PERP, 3, 1, 49_000.0, 0.001, -1))
    assert stop.status is OrderStatus.FILLED
    paper.market.venue.transfer(paper.account, "USDT", atoms("-98000"), 4)
    paper.hear(Mark(PERP, 5, 46_800.0, 46_800.0, 0.0, 0))
    assert paper.account.net_lots("BTCUSDT") == 0


def test_halts_are_heard_and_other_instruments_are_not(paper: Paper) -> None:
    paper.hear(TradingStatus(PERP, 2, "halted"), TradingStatus(PERP, 3, "rules"))
    assert paper.market.venue.status["BTCUSDT"] is InstrumentStatus.HALTED
    paper.hear(Trade(InstrumentId("binance_usdm:XRPUSDT"), 99, 1, 1.0, 1.0, 1))
    assert paper.market.now == 3


def test_on_spot_the_last_trade_is_the_reference() -> None:
    paper = Paper("huobi_spot:btcusdt")
    paper.hear(Quote(paper.instrument, 1, 49_999.0, 1.0, 50_001.0, 2.0))
    paper.hear(Trade(paper.instrument, 2, 7, 50_001.0, 0.5, 1))
    order = paper.order(BUY, "0.1")
    assert (order.status, text(paper.account.holding("BTC").total)) == (OrderStatus.FILLED, "1.09980000")


def test_changes_of_a_book_mean_nothing_before_it_was_told_whole() -> None:
    paper = Paper()
    paper.hear(Depth(PERP, 1, ((50_000.0, 9.0),), ()), Quote(PERP, 2, 49_999.0, 1.0, 50_001.0, 2.0))
    assert paper.standing(BUY) == [("49999.0", "1.000")]
    paper.hear(BOOK, Depth(PERP, 3, ((50_000.0, 9.0),), ()))
    assert paper.standing(BUY)[0] == ("50000.0", "9.000")


@pytest.mark.parametrize("state", ["down", "quarantined"])
def test_a_book_of_a_feed_that_went_away_goes_with_its_next_word(paper: Paper, state: str) -> None:
    own = paper.order(BUY, "0.5", "50000.0")
    paper.hear(FeedStatus(PERP, 2, 1, state), Depth(PERP, 3, ((50_000.0, 7.0),), ()), FeedStatus(PERP, 4, 2, "up"))
    paper.hear(Quote(PERP, 5, 50_000.0, 0.4, 50_003.0, 2.0))
    # the own order is behind what is left of those that stood before it
    assert (paper.standing(BUY), paper.standing(SELL)) == ([("50000.0", "0.900")], [("50003.0", "2.000")])
    paper.hear(Trade(PERP, 6, 1, 50_000.0, 0.5, -1))
    assert own.filled == 100


@pytest.mark.parametrize(
    ("told", "silent", "why"),
    [
        ([], 0, "the feed has told no price of BTCUSDT yet"),
        ([BOOK], 0, ""),
        ([BOOK], 11 * SECOND, "nothing has come from the feed for 11 s"),
        ([BOOK, FeedStatus(PERP, 2, 1, "stale")], 0, "the feed of BTCUSDT is stale"),
        ([BOOK, FeedStatus(PERP, 2, 1, "stale"), FeedStatus(PERP, 3, 1, "up")], 0, ""),
        ([BOOK, FeedStatus(PERP, 2, 1, "down")], 0, "the feed of BTCUSDT is down"),
        ([BOOK, FeedStatus(PERP, 2, 1, "quarantined")], 0, "the feed of BTCUSDT is quarantined"),
        (
            [BOOK, FeedStatus(PERP, 2, 1, "down"), FeedStatus(PERP, 3, 2, "up")],
            0,
            "the feed has told no price of BTCUSDT yet",
        ),
        ([BOOK, FeedStatus(PERP, 2, 1, "down"), FeedStatus(PERP, 3, 2, "up"), BOOK], 0, ""),
    ],
)
def test_a_feed_is_trusted_while_it_tells_prices(told: list[Event], silent: int, why: str) -> None:
    paper = Paper()
    paper.market.trust.word(SECOND)
    paper.hear(*told)
    assert paper.market.trust.why_not("BTCUSDT", SECOND + silent) == why


def test_others_at_a_level_are_few_however_often_it_changes(paper: Paper) -> None:
    own = paper.order(BUY, "0.5", "50000.0")
    for turn in range(50):
        paper.hear(Depth(PERP, turn + 2, ((50_000.0, 1.0 + turn),), ()))
    assert [order.lots for order in paper.market.venue.books["BTCUSDT"].queue(BUY, 500_000)] == [1000, 500, 49_000]
    paper.hear(Trade(PERP, 99, 1, 50_000.0, 1.2, -1))
    assert own.filled == 200


def test_part_of_a_book_that_did_not_arrive_is_no_ground_to_trade_on(paper: Paper) -> None:
    paper.market.trust.word(0)
    paper.market.lost(PERP)
    assert "no price" in paper.market.trust.why_not("BTCUSDT", 0)
    paper.hear(Quote(PERP, 2, 50_001.0, 1.5, 50_002.0, 2.0))
    assert paper.market.trust.why_not("BTCUSDT", 0) == ""
    assert (paper.standing(BUY), paper.standing(SELL)) == ([("50001.0", "1.500")], [("50002.0", "2.000")])


def test_a_funding_instant_is_settled_once(paper: Paper) -> None:
    paper.order(BUY, "1")
    paper.hear(Mark(PERP, 2, 50_000.0, 50_000.0, 0.0001, 100))
    assert (paper.market.funding_due(99), paper.market.funding_due(100)) == ([], [("BTCUSDT", 100)])
    paper.market.settle_funding("BTCUSDT", 100, atoms("0.0001"))
    paper.market.settle_funding("BTCUSDT", 100, atoms("0.0002"))
    # a mark from before the instant, and the venue's own word on it, come late
    paper.hear(Mark(PERP, 99, 50_000.0, 50_000.0, 0.0001, 100), Funding(PERP, 100, 0.0002))
    assert paper.market.funding_due(200) == []
    rows = [row for row in paper.account.income if row.kind is IncomeKind.FUNDING_FEE]
    assert [(row.ts, text(row.amount)) for row in rows] == [(100, "-5.00000000")]


def test_marks_of_full_minutes_are_kept_where_the_feed_told_them(paper: Paper) -> None:
    def mark(ts: int, price: float) -> Mark:
        return Mark(PERP, ts, price, price, 0.0, 0)

    paper.hear(mark(MINUTE - 1, 1.0), mark(MINUTE + 1, 2.0), mark(2 * MINUTE, 3.0), mark(2 * MINUTE + 1, 4.0))
    paper.hear(mark(5 * MINUTE + 1, 5.0), mark(6 * MINUTE + 1, 6.0))
    kept = [(minute // MINUTE, text(price, 0)) for _, minute, price in paper.market.fresh_minutes()]
    assert kept == [(1, "1"), (2, "3"), (6, "5")]
    assert paper.market.fresh_minutes() == []


def test_a_dated_contract_ends_at_its_last_mark() -> None:
    paper = Paper("bitmex:XBTZ26")
    name, expiry = paper.instrument, paper.listing.instrument.expiry
    assert expiry is not None
    paper.hear(Mark(name, 1, 50_000.0, 50_000.0, 0.0, 0), Quote(name, 2, 49_999.0, 1e6, 50_000.0, 1e6))
    paper.order(BUY, "100000")
    paper.hear(Mark(name, expiry - 1, 50_500.0, 50_500.0, 0.0, 0), Mark(name, expiry, 50_500.0, 50_500.0, 0.0, 0))
    assert paper.account.net_lots(paper.listing.symbol) == 0
    delivered = next(row for row in paper.account.income if row.kind is IncomeKind.DELIVERY)
    # 1,000 lots of 100 contracts, each worth 0.00198020 then and 0.00200000 before
    assert text(delivered.amount) == "0.01980000"
    assert paper.market.venue.status[paper.listing.symbol] is InstrumentStatus.DELISTED
