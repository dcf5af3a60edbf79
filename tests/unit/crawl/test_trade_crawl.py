"""Trades by number and by time: whole, resumed, honest about what a venue no longer tells."""

import threading

import pytest

from fixtures.candle_source import BTC, at
from fixtures.crawling import memory_places
from fixtures.trade_source import MemoryTrades
from jtrader.app.wiring.crawling import prover
from jtrader.crawl.result import InstrumentResult, Tally
from jtrader.crawl.trades import TradeCrawl
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.market import Trade
from jtrader.domain.times import SECOND, Span
from jtrader.ports.stores import Gap

HOUR = Span(at(0), at(60))


def trades(count: int = 60, first: int = 100, every: int = 60, named: bool = False) -> list[Trade]:
    """One each minute, from half a minute after 00:00 on; `named` as venues do that don't number them."""
    return [
        Trade(BTC, at(0) + (30 + n * every) * SECOND, f"t{first + n:05}" if named else first + n, 100.0 + n, 0.5, 1)
        for n in range(count)
    ]


class TimedTrades(MemoryTrades):
    """A venue whose trades carry no numbers."""

    def trades_from(self, instrument, trade_id):
        raise BadInput("no numbers")


class Desk:
    def __init__(self, source, numbered: bool = True) -> None:
        places = memory_places()
        self.store, self.ledger, self.source = places.trades, places.trade_ledger, source
        self.prove = prover(places, lambda name: self.source)(BTC) if numbered else None

    def crawl(self, span=HOUR, stop=None, again=False) -> InstrumentResult:
        tally = Tally("trades", BTC, span, lambda what, done, total: None)
        crawl = TradeCrawl(BTC, span, self.source, self.store, self.ledger, tally, self.prove, again=again)
        return crawl.run(stop or threading.Event())

    @property
    def gaps(self) -> list[tuple[int, int, str]]:
        return [(gap.start, gap.end, gap.cause) for gap in self.ledger.gaps()]

    @property
    def stored(self) -> list[Trade]:
        return list(self.store.read(Trade, BTC, 0, 2**62))


@pytest.mark.parametrize("numbered", [True, False])
def test_all_come_and_a_second_run_asks_nothing(numbered: bool) -> None:
    earlier = [Trade(BTC, at(-5), 99 if numbered else "t00099", 99.0, 0.5, 1)]
    told = earlier + trades(named=not numbered)
    desk = Desk((MemoryTrades if numbered else TimedTrades)(told, page=7), numbered)
    first = desk.crawl()
    assert (first.stored, first.new, first.gaps) == (60, 60, 0)
    assert desk.stored == told[1:]
    assert desk.ledger.asked(BTC) == [HOUR]
    desk.source.asked.clear()
    again = desk.crawl()
    assert (again.stored, again.new, desk.source.asked) == (60, 0, [])


def test_a_kill_after_a_page_costs_that_page_at_most() -> None:
    desk, stop = Desk(MemoryTrades([Trade(BTC, at(-5), 99, 99.0, 0.5, 1), *trades()], page=10)), threading.Event()
    pages = iter(range(100))
    ask = desk.source.trades_from

    def ask_and_stop(instrument, number):
        if next(pages) == 2:
            stop.set()
        return ask(instrument, number)

    desk.source.trades_from = ask_and_stop
    desk.crawl(stop=stop)
    [asked] = desk.ledger.asked(BTC)
    assert asked.start == at(0)
    assert at(10) < asked.end < at(40)
    desk.source.trades_from = ask
    desk.source.asked.clear()
    desk.crawl()
    assert min(desk.source.asked) >= asked.end or min(desk.source.asked) >= 100
    assert desk.stored == trades()


EARLIER = Trade(BTC, at(-5), 99, 99.0, 0.5, 1)


def test_a_kill_while_a_known_hole_is_asked_again_forgets_no_part_of_it() -> None:
    desk, stop = Desk(MemoryTrades([EARLIER, *trades(119, every=30)], page=5)), threading.Event()
    hole = Gap(instrument=BTC, start=at(10), end=at(40), cause="not_fetched")
    desk.store.append([trade for trade in desk.source.told if not hole.start <= trade.ts < hole.end])
    desk.ledger.record_asked(BTC, *HOUR)
    desk.ledger.record_gaps(BTC, hole.start, hole.end, [hole])
    pages, ask = iter(range(100)), desk.source.trades_from

    def ask_and_stop(instrument, number):
        if next(pages) == 2:
            stop.set()
        return ask(instrument, number)

    desk.source.trades_from = ask_and_stop
    desk.crawl(stop=stop)
    [(start, end, cause)] = desk.gaps
    assert at(10) < start < end == at(40)
    assert cause == "not_fetched"
    desk.source.trades_from = ask
    assert (desk.crawl().stored, desk.gaps) == (119, [])


def test_a_hole_inside_a_page_is_proven_before_the_page_counts_as_asked() -> None:
    class Forgetful(MemoryTrades):
        def trades_from(self, instrument, trade_id):
            found = super().trades_from(instrument, trade_id)
            return [t for t in found if t.trade_id != 113 or trade_id == 113]

    desk, stop = Desk(Forgetful([EARLIER, *trades()], page=5)), threading.Event()
    record = desk.ledger.record_asked

    def record_and_stop(instrument, start, end):
        record(instrument, start, end)
        if end > at(14):
            stop.set()

    desk.ledger.record_asked = record_and_stop
    desk.crawl(stop=stop)
    [asked] = desk.ledger.asked(BTC)
    assert [t for t in desk.stored if t.ts < asked.end] == [t for t in trades() if t.ts < asked.end]
    assert asked.end < at(20)


@pytest.mark.parametrize("number", [100, 104, 109, 110, 159])
def test_an_impossible_numbered_trade_stays_out_until_the_venue_tells_a_good_one(number: int) -> None:
    """The repair by numbers asks for it once more, and must not store what the crawl put aside."""
    spoilt = [Trade(BTC, t.ts, t.trade_id, float("nan"), 1.0, 1) if t.trade_id == number else t for t in trades()]
    desk = Desk(MemoryTrades([EARLIER, *spoilt, Trade(BTC, at(70), 160, 1.0, 1.0, 1)], page=10))
    desk.crawl()
    assert desk.stored == [t for t in trades() if t.trade_id != number]
    [aside] = desk.ledger.aside(BTC, *HOUR)
    assert (aside.row.trade_id, aside.replaced) == (number, None)
    desk.source.asked.clear()
    assert [cause for _, _, cause in desk.gaps] == ["quarantined"]
    desk.crawl()
    assert desk.source.asked == [], "it would bring the same"
    desk.source = MemoryTrades([EARLIER, *trades()])
    desk.crawl(again=True)
    assert (desk.stored, desk.gaps) == (trades(), [])
    assert desk.ledger.aside(BTC, *HOUR)[0].replaced == trades()[number - 100]


def test_trades_that_a_page_left_out_are_found_by_their_numbers() -> None:
    class Forgetful(MemoryTrades):
        def trades(self, instrument, start, end):
            return [t for t in super().trades(instrument, start, end) if t.trade_id != 104]

    desk = Desk(Forgetful([Trade(BTC, at(-5), 99, 99.0, 0.5, 1), *trades()]))
    desk.crawl()
    assert desk.stored == trades()


def test_a_venue_that_tells_its_last_trades_only_leaves_a_gap() -> None:
    desk = Desk(TimedTrades(trades(named=True)[40:]), numbered=False)
    result = desk.crawl()
    assert (result.stored, result.gaps) == (20, 1)
    [gap] = desk.ledger.gaps()
    assert (gap.start, gap.end, gap.cause) == (at(0), trades()[40].ts, "venue_has_none")


def test_a_venue_that_is_away_leaves_a_cause_and_is_asked_again() -> None:
    desk = Desk(MemoryTrades([Trade(BTC, at(-5), 99, 99.0, 0.5, 1), *trades()]))
    desk.source.is_away = True
    with pytest.raises(Unavailable):
        desk.crawl()
    assert [(gap.start, gap.end, gap.cause) for gap in desk.ledger.gaps()] == [(*HOUR, "venue_down")]
    desk.source.is_away = False
    assert desk.crawl().gaps == 0
    assert desk.stored == trades()


@pytest.mark.parametrize(
    ("price", "quantity", "side", "says"),
    [(float("nan"), 1.0, 1, "not finite"), (1.0, 0.0, 1, "not finite and above zero"), (1.0, 1.0, 0, "side 0")],
)
def test_an_impossible_trade_is_put_aside(price: float, quantity: float, side: int, says: str) -> None:
    bad = Trade(BTC, at(3), "t1", price, quantity, side)
    desk = Desk(TimedTrades([bad, *trades(named=True)]), numbered=False)
    assert desk.crawl().quarantined >= 1
    [aside] = desk.ledger.aside(BTC, *HOUR)
    assert aside.row.trade_id == "t1"
    assert says in aside.reason
    assert "t1" not in [trade.trade_id for trade in desk.stored]
