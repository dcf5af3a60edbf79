"""A page of candles: what is stored, what is put aside and why."""

import math

import pytest

from fixtures.candle_source import BTC, ETH, at, candle
from jtrader.crawl.check import check
from jtrader.domain.market import Candle
from jtrader.domain.times import Span

SPAN = Span(at(0), at(10))


def test_a_sound_page_passes_untouched() -> None:
    page = [candle(m) for m in (0, 1, 2, 5, 9)]
    assert check(page, BTC, SPAN) == (page, [])


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        (candle(3, ETH), "asked for was"),
        (Candle(BTC, at(3) + 1, 1, 1, 1, 1, 1), "start of a minute"),
        (candle(-1), "outside"),
        (candle(10), "outside"),
        (candle(2, close=100.5), "differs"),
        (candle(1), "comes after"),
        (Candle(BTC, at(3), 100, 99, 98, 98.5, 1), "within low..high"),
        (Candle(BTC, at(3), 100, 101, 99.5, 99, 1), "within low..high"),
        (Candle(BTC, at(3), 0.0, 101, 0.0, 100, 1), "above zero"),
        (Candle(BTC, at(3), 100, math.inf, 99, 100, 1), "finite"),
        (Candle(BTC, at(3), 100, 101, 99, math.nan, 1), "finite"),
        (Candle(BTC, at(3), 100, 101, 99, 100, -1.0), "volume"),
        (Candle(BTC, at(3), 100, 101, 99, 100, math.nan), "volume"),
    ],
)
def test_an_odd_candle_is_put_aside_alone(odd: Candle, says: str) -> None:
    before, after = [candle(0), candle(1), candle(2)], [candle(4)]
    good, doubtful = check([*before, odd, *after], BTC, SPAN)
    assert good == before + after
    assert [(d.candle, says in d.reason) for d in doubtful] == [(odd, True)], doubtful


def test_an_equal_repeat_is_dropped_silently() -> None:
    assert check([candle(1), candle(1), candle(2)], BTC, SPAN) == ([candle(1), candle(2)], [])
