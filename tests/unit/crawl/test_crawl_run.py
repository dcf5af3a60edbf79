"""Crawls against a venue in memory: complete, idempotent, resumable, honest about gaps."""

import signal
import threading
import time

import pytest

from fixtures.candle_source import BTC, ETH, MemoryCandles, at, candle
from fixtures.crawling import crawl_candles as run
from jtrader.domain.errors import BadInput, Broken, Unavailable
from jtrader.domain.times import DAY
from jtrader.ports.stores import Gap
from jtrader.store.memory.candles import MemoryCandleStore


def gap(a: int, b: int, cause: str) -> Gap:
    return Gap(instrument=BTC, start=at(a), end=at(b), cause=cause)


def test_stores_all_and_a_second_run_asks_nothing() -> None:
    source = MemoryCandles([candle(m, i) for m in range(100) for i in (BTC, ETH)])
    store = MemoryCandleStore()
    first = run(source, store, instruments=(BTC, ETH))
    assert (first.stored, first.new, first.pages, first.gaps, first.quarantined) == (200, 200, 20, 0, 0)
    assert [row.instrument for row in first.instruments] == [BTC, ETH]
    assert list(store.read(BTC, at(0), at(100))) == [candle(m) for m in range(100)]
    source.calls.clear()
    second = run(source, store, instruments=(BTC, ETH))
    assert (second.stored, second.new, second.pages) == (200, 0, 0)
    assert source.calls == []


def test_fetches_only_what_is_missing() -> None:
    source, store = MemoryCandles(map(candle, range(100))), MemoryCandleStore()
    store.upsert([candle(m) for m in range(100) if m not in (30, 31, 77)])
    assert run(source, store).new == 3
    assert source.calls == [(BTC, at(30), at(32)), (BTC, at(77), at(78))]


def test_a_later_range_continues_the_earlier() -> None:
    source, store = MemoryCandles(map(candle, range(160))), MemoryCandleStore()
    run(source, store, 0, 100)
    source.calls.clear()
    assert run(source, store, 60, 160).new == 60
    assert min(start for _, start, _ in source.calls) == at(100)


def test_minutes_the_venue_has_not_are_recorded_once() -> None:
    absent = {*range(12, 15), *range(40, 65)}
    source = MemoryCandles(candle(m) for m in range(100) if m not in absent)
    store = MemoryCandleStore()
    assert run(source, store).gaps == 2
    assert store.gaps() == [gap(12, 15, "venue_has_none"), gap(40, 65, "venue_has_none")]
    source.calls.clear()
    again = run(source, store)
    assert (again.gaps, again.stored, source.calls) == (2, 72, [])


def test_the_newest_minutes_are_asked_for_again_until_they_come() -> None:
    late, store = MemoryCandles(map(candle, range(97))), MemoryCandleStore()
    run(late, store)
    assert store.gaps() == [gap(97, 100, "not_fetched")]
    assert run(MemoryCandles(map(candle, range(100))), store).gaps == 0
    assert store.gaps() == []


def test_a_history_that_begins_later_is_no_gap() -> None:
    store = MemoryCandleStore()
    result = run(MemoryCandles(map(candle, range(35, 100))), store)
    assert (result.stored, result.gaps, result.instruments[0].first) == (65, 0, at(35))
    assert store.gaps() == []


def test_a_doubtful_candle_is_put_aside_and_leaves_a_gap_with_its_cause() -> None:
    source, store = MemoryCandles(map(candle, range(100))), MemoryCandleStore()
    bad = candle(50, volume=-1.0)
    source.meddle = lambda page: [bad if c.ts == bad.ts else c for c in page]
    result = run(source, store)
    assert (result.stored, result.gaps, result.quarantined) == (99, 1, 1)
    assert store.gaps() == [gap(50, 51, "quarantined")]
    [aside] = store.aside(BTC, at(0), at(100))
    assert (aside.row, aside.replaced) == (bad, None)
    assert "volume" in aside.reason
    source.calls.clear()
    assert run(source, store).gaps == 1
    assert source.calls == []


def test_a_later_good_answer_takes_the_place_of_what_was_put_aside() -> None:
    source, store = MemoryCandles(map(candle, range(100))), MemoryCandleStore()
    source.meddle = lambda page: [candle(50, volume=-1.0) if c.ts == at(50) else c for c in page]
    run(source, store)
    source.meddle = lambda page: page
    source.calls.clear()
    assert run(source, store, again=True).gaps == 0
    assert source.calls == [(BTC, at(50), at(51))]
    assert (store.gaps(), store.count()) == ([], 100)
    [aside] = store.aside(BTC, at(0), at(100))
    assert (aside.row, aside.replaced) == (candle(50, volume=-1.0), candle(50))


def test_a_range_of_nothing_but_doubtful_candles_is_told_the_same_twice() -> None:
    source, store = MemoryCandles(candle(m, volume=-1.0) for m in range(100)), MemoryCandleStore()
    first, second = run(source, store), run(source, store)
    assert (first.stored, first.gaps, first.quarantined) == (0, 1, 100)
    assert (second.stored, second.gaps, second.pages) == (0, 1, 0)


def test_a_failure_keeps_whole_pages_and_the_next_run_goes_on() -> None:
    source, store = MemoryCandles(map(candle, range(100))), MemoryCandleStore()
    pages = iter(range(1000))

    def fails_at_the_fourth_once(page):
        if page[0].ts == at(30) and next(pages) == 0:
            raise Unavailable("the venue is away")
        return page

    source.meddle = fails_at_the_fourth_once
    with pytest.raises(Unavailable, match="away"):
        run(source, store)
    assert store.times(BTC, at(0), at(100)) == [at(m) for m in range(30)]
    assert store.gaps() == [gap(30, 100, "venue_down")], "asked, and no answer"
    assert run(source, store).new == 70
    assert store.gaps() == []


def test_a_venue_that_is_away_leaves_the_others_to_be_crawled() -> None:
    source, store = MemoryCandles([candle(m, i) for m in range(100) for i in (BTC, ETH)]), MemoryCandleStore()

    def away_for_bitcoin(page):
        if page[0].instrument == BTC:
            raise Unavailable("the venue is away")
        return page

    source.meddle = away_for_bitcoin
    with pytest.raises(Unavailable, match="away"):
        run(source, store, instruments=(BTC, ETH))
    assert (len(store.times(ETH, at(0), at(100))), store.gaps()) == (100, [gap(0, 100, "venue_down")])


def test_a_hole_at_the_start_is_one_where_the_past_is_known() -> None:
    source, store = MemoryCandles(candle(m) for m in range(100) if m not in range(50, 55)), MemoryCandleStore()
    run(source, store, 0, 50)
    run(source, store, 50, 100)
    assert store.gaps() == [gap(50, 55, "venue_has_none")]


def test_days_without_a_candle_are_holes_where_any_older_one_is_stored() -> None:
    day = 1440
    source = MemoryCandles([*map(candle, range(10)), *(candle(m) for m in range(4 * day, 4 * day + 10))])
    store = MemoryCandleStore()
    run(source, store, 0, 10)
    for number in (2, 1, 3):
        assert run(source, store, number * day, (number + 1) * day).gaps == 1
    assert sum(gap.end - gap.start for gap in store.gaps()) == 3 * DAY


@pytest.mark.parametrize(
    ("extra", "aside"),
    [
        ((candle(5, close=100.5),), [candle(5, close=100.5)]),
        ((candle(5),), []),
        ((candle(2),), []),
    ],
    ids=["differing", "equal", "late equal"],
)
def test_a_second_candle_of_a_minute_leaves_the_first_in_place(extra, aside) -> None:
    source, store = MemoryCandles(map(candle, range(100))), MemoryCandleStore()
    source.meddle = lambda page: [one for c in page for one in ((c, *extra) if c.ts == at(5) else (c,))]
    result = run(source, store)
    assert (result.stored, result.gaps) == (100, 0)
    assert [one.row for one in store.aside(BTC, at(0), at(100))] == aside


@pytest.mark.parametrize(
    "leap",
    [
        lambda page: [*page[:3], candle(60), *page[3:]],
        lambda page: [candle(60), *page],
        lambda page: [*page[:3], candle(60)],
        lambda page: [*page, candle(60)],
    ],
    ids=["inside", "first", "instead of the rest", "last"],
)
def test_minutes_that_a_page_leaps_over_are_asked_for(leap) -> None:
    source, store = MemoryCandles(map(candle, range(100))), MemoryCandleStore()
    source.meddle = lambda page: leap(page) if page[0].ts == at(0) else page
    result = run(source, store)
    assert (result.stored, result.gaps) == (100, 0)
    assert list(store.read(BTC, at(0), at(100))) == [candle(m) for m in range(100)]
    assert all(one.replaced == one.row for one in store.aside(BTC, at(0), at(100)))


def test_what_cannot_be_crawled_is_a_row_that_says_why_and_leaves_the_others_alone() -> None:
    store = MemoryCandleStore()
    result = run(MemoryCandles(map(candle, range(100))), store, instruments=(ETH, BTC))
    assert [(row.instrument, row.stored, row.trouble) for row in result.instruments] == [
        (ETH, 0, f"{ETH} is unknown"),
        (BTC, 100, ""),
    ]
    with pytest.raises(BadInput, match=f"{ETH} is unknown"):
        run(MemoryCandles([]), store, instruments=(ETH, BTC), last=200)


def test_a_broken_invariant_stops_the_others() -> None:
    source = MemoryCandles([candle(m, i) for m in range(100_000) for i in (BTC, ETH)], page=10)

    def broken_for_ether(page):
        if page[0].instrument == ETH:
            raise Broken("no candles at all")
        return page

    source.meddle = broken_for_ether
    with pytest.raises(Broken):
        run(source, MemoryCandleStore(), last=100_000, instruments=(BTC, ETH))
    assert len(source.calls) < 10_000
    assert not any(thread.name.startswith("crawl") for thread in threading.enumerate())


@pytest.mark.parametrize(
    ("source", "instruments", "span", "error", "says"),
    [
        (MemoryCandles([candle(500)]), (BTC,), (0, 100), BadInput, "no candle at its venue from 2026-01-15T00:00:00Z"),
        (MemoryCandles([candle(1)]), (ETH,), (0, 9), BadInput, "unknown"),
    ],
)
def test_refuses_in_a_sentence_and_stores_nothing(source, instruments, span, error, says) -> None:
    store = MemoryCandleStore()
    with pytest.raises(error, match=says):
        run(source, store, *span, instruments=instruments)
    assert (store.count(), store.gaps()) == (0, [])


def test_a_venue_that_answers_with_other_minutes_is_not_believed() -> None:
    source, store = MemoryCandles(map(candle, range(100))), MemoryCandleStore()
    source.meddle = lambda page: [candle(5_000)] if page else []
    with pytest.raises(Broken, match="other minutes"):
        run(source, store)
    assert store.count() == 0


def test_progress_reaches_the_total() -> None:
    told: list[tuple[str, int, int]] = []
    run(MemoryCandles(map(candle, range(100))), MemoryCandleStore(), progress=lambda *step: told.append(step))
    assert told[0] == (BTC, 0, 100)
    assert told[-1] == (BTC, 100, 100)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_ctrl_c_does_not_wait_for_a_venue_that_hangs() -> None:
    source, store, released = MemoryCandles(map(candle, range(100))), MemoryCandleStore(), threading.Event()

    def hangs_while_the_user_presses_ctrl_c(page):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        released.wait(30)
        return page

    source.meddle = hangs_while_the_user_presses_ctrl_c
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            run(source, store)
        assert time.monotonic() - began < 5
    finally:
        released.set()
