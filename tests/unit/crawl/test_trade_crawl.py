"""Trades by number and by time: whole, resumed, honest about what a venue no longer tells."""

import threading

import pytest

from fixtures.candle_source import BTC, at
from fixtures.trade_source import MemoryTrades
from jtrader.crawl.result import InstrumentResult, Tally
from jtrader.crawl.trades import TradeCrawl
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.market import Trade
from jtrader.domain.times import SECOND, Span
from jtrader.store.memory.ledger import MemoryLedger
from jtrader.store.memory.ticks import MemoryTickStore
from jtrader.store.recorder.repair import TradeRepair

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
        self.store, self.ledger, self.source = MemoryTickStore(), MemoryLedger(), source
        repair = TradeRepair(self.store, lambda name: source, lambda name: numbered)
        self.prove = (lambda name, span: repair.repair(name, *span).is_whole) if numbered else None

    def crawl(self, span=HOUR, stop=None) -> InstrumentResult:
        tally = Tally("trades", BTC, span, lambda what, done, total: None)
        crawl = TradeCrawl(BTC, span, self.source, self.store, self.ledger, tally, self.prove)
        return crawl.run(stop or threading.Event())

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
