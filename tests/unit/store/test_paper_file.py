"""A paper account on disk: it goes on as it was left, with its place in the queue; others read it meanwhile."""

from pathlib import Path

import pytest

from fixtures.paper_desk import BOOK, PERP, START, KeptPaper
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.market import Depth, Mark, Trade
from jtrader.domain.times import MINUTE
from jtrader.matching.book import BUY, SELL
from jtrader.store.paper.file import PaperFile, read_mark, read_paper


@pytest.fixture
def kept(tmp_path: Path) -> KeptPaper:
    made = KeptPaper(tmp_path / "paper" / "me.db")
    made.hear(BOOK, Mark(PERP, START, 50_000.0, 50_000.0, 0.0001, START + MINUTE))
    return made


def test_it_goes_on_as_it_was_left(kept: KeptPaper) -> None:
    kept.order(BUY, "1.5")
    kept.order(SELL, "0.4", "50010.0")
    kept.market.settle_funding("BTCUSDT", START + MINUTE, 10_000)
    kept.save()
    again = KeptPaper(kept.file.path)
    assert again.books() == kept.books()
    assert again.market.known == kept.market.known
    # numbers go on, none is given twice
    orders = [one.order(BUY, "0.1", "49000.0").id for one in (kept, again)]
    assert orders[0] == orders[1]


def test_a_resting_order_keeps_its_place_in_the_queue(kept: KeptPaper) -> None:
    kept.order(BUY, "0.5", "50000.0")
    kept.save()
    again = KeptPaper(kept.file.path)
    again.hear(BOOK)
    (own,) = again.account.open_orders.values()
    again.hear(Trade(PERP, START + 1, 1, 50_000.0, 0.9, -1))
    assert own.filled == 0
    again.hear(Trade(PERP, START + 2, 2, 50_000.0, 0.3, -1))
    assert own.filled == 200


def test_what_moved_through_its_price_meanwhile_fills_it(kept: KeptPaper) -> None:
    kept.order(BUY, "0.5", "49999.0")
    kept.save()
    again = KeptPaper(kept.file.path)
    again.hear(Depth(PERP, START + 1, ((49_990.0, 1.0),), ((49_995.0, 2.0),), snapshot=True))
    assert [(trade.price, trade.lots) for trade in again.account.trades] == [(499_990, 500)]


def test_what_was_not_saved_never_was(kept: KeptPaper) -> None:
    before = kept.books()
    kept.order(BUY, "1")
    kept.file.close()
    assert KeptPaper(kept.file.path).books() == before


def test_a_reader_sees_the_last_save_while_the_writer_goes_on(kept: KeptPaper) -> None:
    kept.order(BUY, "1")
    kept.save()
    read = read_paper(kept.file.path)
    kept.order(SELL, "1")
    assert (read.market, read.account, len(read.past.trades), len(read.past.orders)) == ("binance_usdm", "me", 1, 1)
    kept.save()
    assert len(read_paper(kept.file.path).past.trades) == 2


def test_marks_of_minutes_are_told_as_the_feed_told_them(kept: KeptPaper) -> None:
    kept.hear(Mark(PERP, START + MINUTE, 50_100.5, 50_000.0, 0.0, 0))
    kept.save()
    path = kept.file.path
    assert read_mark(path, "BTCUSDT", START + MINUTE) == 5_010_050_000_000
    assert read_mark(path, "BTCUSDT", START + 2 * MINUTE) is None


def test_what_is_no_paper_account_is_refused(tmp_path: Path, kept: KeptPaper) -> None:
    with pytest.raises(BadInput, match="the oms opens a paper account when it starts"):
        read_paper(tmp_path / "absent.db")
    empty = tmp_path / "empty.db"
    PaperFile(empty).close()
    with pytest.raises(BadInput, match="keeps no account yet"):
        read_paper(empty)
    wrong = tmp_path / "wrong.db"
    wrong.write_bytes(b"not a database, but long enough to be looked at as one" * 20)
    with pytest.raises(BadInput, match="is no state of a paper account"):
        PaperFile(wrong)
    with pytest.raises(BadInput, match="is no state of a paper account"):
        read_paper(wrong)
    with pytest.raises(Unavailable, match="can't be opened"):
        PaperFile(tmp_path)
    with pytest.raises(BadInput, match="keeps an account of binance_usdm, not of bitmex"):
        KeptPaper(kept.file.path, "bitmex:XBTUSD")
