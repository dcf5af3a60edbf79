"""A statement as a page and as a table: exact figures, every break with its class, id and who explained it."""

import csv
import datetime as dt
import io
from decimal import Decimal

from jtrader.domain.books import Break, BreakKind, Statement, Transit
from jtrader.report.statement import as_csv, as_html

D = Decimal
BREAK = Break(
    kind=BreakKind.ROUNDING,
    what="fee",
    reference="binance_usdm:BTCUSDT#7",
    asset="USDT",
    ours="2.5",
    theirs="2.50000001",
    detail="fee of trade <7>: ours 2.5",
)
STATEMENT = Statement(
    account="alpha",
    date=dt.date(2026, 1, 15),
    version=2,
    opening={"USDT": D("100000")},
    closing={"USDT": D("100012.34567891")},
    transfers={"USDT": D("-1E+2")},
    pnl_ledger={"USDT": D("112.34567891")},
    pnl_venue={"USDT": D("112.34567890"), "BNB": D("0")},
    fills=20,
    matched=41,
    breaks=(BREAK,),
    in_transit=(Transit(reference="x#9 fee", asset="USDT", amount=D("-0.1"), ts=1_768_521_600_150_000_000),),
)


def test_the_table_has_every_figure_exactly():
    rows = list(csv.DictReader(io.StringIO(as_csv(STATEMENT, {BREAK.id: "ann: a unit"}))))
    told = {(row["section"], row["item"], row["asset"]): (row["ours"], row["venue"]) for row in rows}
    assert told == {
        ("statement", "alpha", ""): ("", ""),
        ("figure", "opening equity", "USDT"): ("100000", ""),
        ("figure", "closing equity", "USDT"): ("100012.34567891", ""),
        ("figure", "transfers", "USDT"): ("-100", ""),
        ("figure", "P&L", "USDT"): ("112.34567891", "112.3456789"),
        ("figure", "P&L", "BNB"): ("", "0"),
        ("break", "fee binance_usdm:BTCUSDT#7", "USDT"): ("2.5", "2.50000001"),
        ("in transit", "x#9 fee", "USDT"): ("-0.1", ""),
    }
    [found] = [row for row in rows if row["section"] == "break"]
    assert (found["class"], found["id"], found["acknowledged"]) == ("rounding", BREAK.id, "ann: a unit")
    assert rows[0]["class"] == "Breaks(1)"
    assert "2026-01-16T00:00:00.150Z" in rows[-1]["detail"]


def test_the_page_escapes_words_and_marks_what_is_unexplained():
    page = as_html(STATEMENT, {})
    assert "&lt;7&gt;" in page
    assert "<7>" not in page
    assert "1 breaks unexplained" in page
    assert 'class="open"' in page
    known = as_html(STATEMENT, {BREAK.id: "ann: a <unit>"})
    assert 'class="open"' not in known
    assert "ann: a &lt;unit&gt;" in known
