"""Which price values a position, and when it is flagged stale."""

import math
from decimal import Decimal

import pytest

from jtrader.domain.market import Mark, Quote, Trade
from jtrader.domain.times import MINUTE, SECOND
from jtrader.ledger.marks import Source, valued

NAME, NOW = "binance_usdm:BTCUSDT", 1_000 * MINUTE


def mark(price: float, age: int = 0) -> Mark:
    return Mark(NAME, NOW - age, price, price, 0.0001, 0)


def quote(bid: float, ask: float, age: int = 0) -> Quote:
    return Quote(NAME, NOW - age, bid, 1.0, ask, 1.0)


def last(price: float, age: int = 0) -> Trade:
    return Trade(NAME, NOW - age, "1", price, 1.0, 1)


OLD = 2 * MINUTE
CASES = [
    # mark, quote, last trade, price, source
    ("the venue's mark", mark(100), quote(90, 92), last(80), "100", Source.MARK),
    ("mark too old: mid", mark(100, OLD), quote(90, 92), last(80), "91", Source.MID),
    ("no mark: mid", None, quote(90, 92), None, "91", Source.MID),
    ("crossed quote: last", None, quote(92, 90), last(80), "80", Source.LAST),
    ("locked quote: last", None, quote(92, 92), last(80), "80", Source.LAST),
    ("old quote: last", None, quote(90, 92, 11 * SECOND), last(80), "80", Source.LAST),
    (
        "last too old, too: the newest of them, stale",
        mark(100, 5 * OLD),
        quote(90, 92, OLD),
        last(80, 3 * OLD),
        "91",
        0,
    ),
    ("an old last alone", None, None, last(80, OLD), "80", Source.PREVIOUS),
    ("a zero mark", mark(0.0), quote(90, 92), None, "91", Source.MID),
    ("a mark that is no number", mark(math.nan), None, last(80), "80", Source.LAST),
    ("an infinite ask", None, quote(90, math.inf), last(80), "80", Source.LAST),
    ("nine decimals", mark(0.123456789), None, None, "0.12345679", Source.MARK),
]


@pytest.mark.parametrize(
    ("mark", "quote", "last", "price", "source"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_the_first_usable_price_is_taken(mark, quote, last, price, source):
    found = valued(mark, quote, last, NOW)
    assert found is not None
    assert (found.price, found.source) == (Decimal(price), source or Source.PREVIOUS)
    assert found.is_stale == (found.source is Source.PREVIOUS)


@pytest.mark.parametrize(
    "nothing", [(None, None, None), (mark(0.0), quote(0, 0), last(math.nan)), (mark(-1), None, None)]
)
def test_nothing_usable_is_no_price(nothing):
    assert valued(*nothing, NOW) is None
