"""A page of klines is read as its rows are one by one, be they plain or odd."""

import random
from typing import Any

import pytest

from fixtures.candle_source import BTC
from jtrader.exchange.binance.public_rows import candle, candles


def kline(*values: Any) -> list[Any]:
    opened, price, volume, other = values
    return [opened, price, price, price, price, volume, 1_700_000_059_999, other, 5, "1", "2", "0"]


NUMBERS = random.Random(3)
PLAIN = [
    kline(
        1_700_000_000_000 + 60_000 * n, repr(NUMBERS.random() * 10.0 ** NUMBERS.randint(-9, 9)), f"{n}.{n:08d}", "7.5"
    )
    for n in range(500)
]
ODD = [
    kline("1700000000000", "1", "2", "3"),
    kline(1_700_000_000_000, 1, 2.5, 3),
    kline(1_700_000_000_000, " 1.5 ", "1e400", "007"),
    kline(1_700_000_000_000, "1.5", "-1", "inf"),
]


@pytest.mark.parametrize("volume", [5, 7])
@pytest.mark.parametrize("page", [[], PLAIN, *([row, *PLAIN[:2]] for row in ODD)])
def test_a_page_is_its_rows(page, volume: int) -> None:
    assert candles(BTC, page, volume) == [candle(BTC, row, volume) for row in page]


@pytest.mark.parametrize(
    "page", [[kline(1, "x", "1", "1")], [kline(None, "1", "1", "1")], [[1, "1"]], {"code": -1}, [{}], None]
)
def test_what_is_no_kline_is_an_error_that_rest_translates(page) -> None:
    with pytest.raises((KeyError, IndexError, TypeError, ValueError)):
        candles(BTC, page, 5)
