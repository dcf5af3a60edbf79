"""A page of candles: what is stored, what is put aside and why."""

import math

import pytest

from fixtures.candle_source import BTC, ETH, at, candle
from jtrader.crawl.check import check
from jtrader.domain.market import Candle
from jtrader.domain.times import MINUTE, Span

SPAN = Span(at(0), at(10))


def test_a_sound_page_passes_untouched() -> None:
    page = [candle(m) for m in (0, 1, 2, 5, 9)]
    assert check(page, BTC, SPAN) == (page, [], at(10))
    assert check([], BTC, SPAN) == ([], [], at(0))


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        (candle(3, ETH), "asked for was"),
        (Candle(BTC, at(3) + 1, 1, 1, 1, 1, 1), "start of a minute"),
        (candle(-1), "outside"),
        (candle(10), "outside"),
        (candle(2, close=100.5), "differs"),
        (candle(9), "out of the page's order"),
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
    good, doubtful, reached = check([*before, odd, *after], BTC, SPAN)
    assert (good, reached) == (before + after, at(5))
    assert [(d.candle, says in d.reason) for d in doubtful] == [(odd, True)], doubtful


@pytest.mark.parametrize("order", [(1, 1, 2), (1, 2, 1), (1, 2, 1, 2)])
def test_an_equal_repeat_is_dropped_silently_wherever_it_stands(order) -> None:
    assert check([candle(m) for m in order], BTC, SPAN) == ([candle(1), candle(2)], [], at(3))


@pytest.mark.parametrize(
    ("order", "doubted"),
    [((0, 1, 9, 2, 3, 4), [9]), ((9, 8, 0, 1, 2, 3, 4), [9, 8]), ((0, 2, 1, 3, 4), [2]), ((0, 1, 2, 4, 3), [4])],
)
def test_of_minutes_out_of_order_as_few_as_possible_are_doubted(order, doubted) -> None:
    good, doubtful, reached = check([candle(m) for m in order], BTC, SPAN)
    assert [d.candle for d in doubtful] == [candle(m) for m in doubted]
    assert [c.ts for c in good] == sorted(c.ts for c in good)
    assert reached == good[-1].ts + MINUTE


def test_a_good_candle_after_an_impossible_one_of_its_minute_is_taken() -> None:
    bad = candle(1, volume=-1.0)
    good, doubtful, _ = check([candle(0), bad, candle(1), candle(2)], BTC, SPAN)
    assert (good, [d.candle for d in doubtful]) == ([candle(0), candle(1), candle(2)], [bad])
