"""Lost trades come back from the venue, and what is stored is proven whole, or said not to be."""

import pytest

from fixtures.ticks import BTC, START, XBT, trade, trades
from fixtures.trade_source import MemoryTrades, stored
from jtrader.domain.errors import Unavailable
from jtrader.domain.market import Trade
from jtrader.ports.stores import IdRange
from jtrader.store.memory.ticks import MemoryTickStore
from jtrader.store.recorder.repair import Repaired, TradeRepair

ALL = trades(1, 200)


@pytest.fixture
def store():
    return MemoryTickStore()


def repair_of(store: MemoryTickStore, source: MemoryTrades) -> TradeRepair:
    return TradeRepair(store, lambda _: source, lambda instrument: instrument == BTC)


@pytest.mark.parametrize("holes", [[(21, 21)], [(21, 65)], [(2, 9), (30, 31), (100, 199)]])
def test_holes_are_filled_and_proven(store, holes) -> None:
    lost = {n for first, last in holes for n in range(first, last + 1)}
    store.append([t for t in ALL if t.trade_id not in lost])
    source = MemoryTrades(ALL)
    assert repair_of(store, source).repair(BTC, START) == Repaired(len(lost), 0, True)
    assert stored(store, BTC) == ALL
    assert len(source.asked) <= len(lost) // 10 + 2 * len(holes)


def test_what_is_whole_costs_no_request(store) -> None:
    store.append(ALL)
    source = MemoryTrades(ALL)
    assert repair_of(store, source).repair(BTC, START).is_whole
    assert source.asked == []


def test_ids_that_the_venue_leaves_out_are_no_holes(store) -> None:
    """An insurance fund's fills are numbered, but no public trades."""
    told = [t for t in ALL if t.trade_id not in {50, 51, 60, 90}]
    store.append([t for t in told if not 45 <= t.trade_id <= 70 and not 88 <= t.trade_id <= 91])
    repair = repair_of(store, MemoryTrades(told))
    assert repair.repair(BTC, START) == Repaired(26 + 4 - 4, 4, True)
    assert repair.repair(BTC, START) == Repaired()
    assert stored(store, BTC) == told


def test_a_venue_that_is_away_leaves_what_was_found_and_the_rest_for_later(store) -> None:
    store.append([*ALL[:10], *ALL[100:]])
    source = MemoryTrades(ALL)
    source.is_away = True
    with pytest.raises(Unavailable):
        repair_of(store, source).repair(BTC, START)
    source.is_away = False
    assert repair_of(store, source).repair(BTC, START).is_whole
    assert stored(store, BTC) == ALL


def test_what_the_venue_tells_no_more_is_named_and_becomes_a_gap(store) -> None:
    store.append([*ALL[:10], *ALL[20:30], *ALL[40:]])
    source = MemoryTrades(ALL[20:30])
    repair = repair_of(store, source)
    assert repair.repair(BTC, START) == Repaired(0, 10, False)
    assert store.contiguity(BTC, 0, 2**62).missing == (IdRange(31, 40),)
    repair.give_up(BTC, START, "not_fetched")
    [gap] = store.gaps(Trade)
    assert (gap.start, gap.end, gap.cause) == (trade(30).ts, trade(41).ts, "not_fetched")


def unnumbered(first: int, last: int) -> list[Trade]:
    """Three trades share each moment."""
    return [Trade(XBT, START + n // 3, f"{n:04d}", 100.0, 1.0, 1) for n in range(first, last)]


def test_trades_without_numbers_are_fetched_by_time_and_proven_by_overlap(store) -> None:
    told = unnumbered(0, 100)
    store.append([*told[:40], *told[70:]])
    repaired = repair_of(store, MemoryTrades(told)).repair(XBT, told[38].ts)
    assert repaired.is_whole
    assert stored(store, XBT) == told
    assert list(store.gaps(Trade)) == []


def test_a_venue_that_forgets_leaves_a_gap(store) -> None:
    told = unnumbered(0, 100)
    store.append([*told[:40], *told[70:]])
    repaired = repair_of(store, MemoryTrades(told[60:])).repair(XBT, told[38].ts)
    assert not repaired.is_whole
    assert stored(store, XBT) == [*told[:40], *told[60:]]
    [gap] = store.gaps(Trade)
    assert (gap.start, gap.end, gap.cause) == (told[38].ts, told[60].ts, "venue_has_none")


@pytest.mark.parametrize("forgotten", [True, False])
def test_a_moment_at_which_nobody_traded_proves_nothing(store, forgotten) -> None:
    """A spilling recorder knows only a time before the loss: what is stored before that is what a list must reach."""
    told = [Trade(XBT, START + 10 * n, f"{n:04d}", 100.0, 1.0, 1) for n in range(100)]
    store.append([*told[:40], *told[70:]])
    repaired = repair_of(store, MemoryTrades(told[60:] if forgotten else told)).repair(XBT, told[39].ts + 5)
    assert repaired.is_whole is not forgotten
    assert [(gap.start, gap.end) for gap in store.gaps(Trade)] == ([(told[39].ts, told[60].ts)] if forgotten else [])
    assert stored(store, XBT) == ([*told[:40], *told[60:]] if forgotten else told)


def test_what_is_recorded_for_the_first_time_has_nothing_to_reach_back_to(store) -> None:
    told = unnumbered(0, 30)
    assert repair_of(store, MemoryTrades(told)).repair(XBT, START - 5).is_whole
    assert stored(store, XBT) == told


def test_more_than_one_repair_fetches_says_where_to_go_on(store) -> None:
    told = [Trade(XBT, START + n, f"{n:05d}", 100.0, 1.0, 1) for n in range(1_500)]
    store.append(told[:1])
    repair = repair_of(store, MemoryTrades(told, page=2))
    first = repair.repair(XBT, START)
    assert not first.is_whole
    assert first.rest is not None
    assert stored(store, XBT) == told[: first.rest - START + 1]
    assert repair.repair(XBT, first.rest).rest is None
    assert stored(store, XBT) == told
    assert list(store.gaps(Trade)) == []


def test_a_hole_beside_ids_that_the_venue_does_not_have_is_given_up_from_the_nearest_trade(store) -> None:
    store.append([*ALL[:10], *ALL[30:40], *ALL[60:]])
    store.record_absent(BTC, [IdRange(11, 20), IdRange(25, 30), IdRange(41, 59)])
    repair_of(store, MemoryTrades([])).give_up(BTC, START, "not_fetched")
    assert [(gap.start, gap.end) for gap in store.gaps(Trade)] == [
        (trade(10).ts, trade(31).ts),
        (trade(40).ts, trade(61).ts),
    ]


def test_a_hole_of_more_trades_than_one_repair_fetches_is_gone_on_with(store) -> None:
    every = trades(1, 1_500)
    store.append([every[0], every[-1]])
    repair = repair_of(store, MemoryTrades(every, page=1))
    first = repair.repair(BTC, START)
    assert (first.found, first.is_whole, first.rest) == (1_000, False, START)
    assert repair.repair(BTC, START) == Repaired(498, 0, True)
