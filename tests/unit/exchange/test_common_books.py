"""What each venue's numbers prove, and books that are never shown with a hole or crossed."""

from collections.abc import Sequence

import pytest

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth, Level
from jtrader.exchange.common.books import BookKeeper, BookLost, BookSnapshot, SnapshotTooOld
from jtrader.exchange.common.sequences import (
    Policy,
    Step,
    futures_ids,
    previous_ids,
    spot_ids,
    unnumbered,
    version_ids,
)

BTC = InstrumentId("binance_usdm:BTCUSDT")
OLD, NEXT, GAP = Step.OLD, Step.NEXT, Step.GAP


@pytest.mark.parametrize(
    ("policy", "at", "update", "fresh", "step"),
    [
        (spot_ids, 100, (101, 105, 0), False, NEXT),
        (spot_ids, 100, (101, 101, 0), True, NEXT),
        (spot_ids, 100, (98, 105, 0), True, NEXT),  # begins before the snapshot, ends after it
        (spot_ids, 100, (98, 105, 0), False, GAP),  # twice what it has, once the stream runs
        (spot_ids, 100, (95, 100, 0), False, OLD),
        (spot_ids, 100, (95, 100, 0), True, OLD),
        (spot_ids, 100, (102, 105, 0), True, GAP),
        (spot_ids, 100, (102, 105, 0), False, GAP),
        (futures_ids, 100, (108, 120, 100), False, NEXT),
        (futures_ids, 100, (108, 120, 100), True, NEXT),
        (futures_ids, 100, (90, 120, 85), True, NEXT),
        (futures_ids, 100, (90, 120, 85), False, GAP),
        (futures_ids, 100, (90, 100, 85), False, OLD),
        (futures_ids, 100, (108, 120, 104), True, GAP),
        (futures_ids, 100, (108, 120, 104), False, GAP),
        (version_ids, 7, (0, 8, 0), False, NEXT),
        (version_ids, 7, (0, 7, 0), False, OLD),
        (version_ids, 7, (0, 6, 0), True, OLD),
        (version_ids, 7, (0, 9, 0), False, GAP),
        (previous_ids, 100, (0, 120, 100), False, NEXT),
        (previous_ids, 100, (0, 120, 90), True, NEXT),
        (previous_ids, 100, (0, 120, 90), False, GAP),
        (previous_ids, 100, (0, 100, 90), False, OLD),
        (previous_ids, 100, (0, 120, 110), True, GAP),
        (previous_ids, 100, (0, 100, 100), False, NEXT),  # OKX: nothing changed, still alive
        (previous_ids, 100, (0, 3, 100), False, NEXT),  # OKX: the numbers start over
        (unnumbered, 0, (0, 0, 0), False, NEXT),
    ],
)
def test_what_an_update_proves(policy: Policy, at: int, update: tuple[int, int, int], fresh: bool, step: Step) -> None:
    assert policy(at, *update, fresh) is step


def keeper(policy: Policy = futures_ids, **options: object) -> BookKeeper:
    return BookKeeper(BTC, policy, **options)  # type: ignore[arg-type]


def whole(number: int, bid: float = 99.0, ask: float = 101.0) -> BookSnapshot:
    return BookSnapshot(5, ((bid, 1.0), (bid - 1, 2.0)), ((ask, 1.0), (ask + 1, 2.0)), number)


def change(at: BookKeeper, first: int, last: int, previous: int, bids: Sequence[Level] = ()) -> Depth | None:
    return at.update(last, tuple(bids), (), first, last, previous)


def test_updates_wait_for_the_snapshot_and_follow_it() -> None:
    at = keeper()
    assert change(at, 90, 95, 85, [(98.5, 1.0)]) is None
    assert change(at, 96, 104, 95, [(98.6, 1.0)]) is None
    assert change(at, 105, 110, 104, [(98.7, 1.0)]) is None
    told = at.snapshot(whole(100))
    assert [(depth.snapshot, depth.update_id) for depth in told] == [(True, 100), (False, 104), (False, 110)]
    assert at.book.bids.prices == [98.0, 98.6, 98.7, 99.0]
    followed = change(at, 111, 112, 110, [(99.5, 3.0)])
    assert followed == Depth(BTC, 112, ((99.5, 3.0),), (), 112)
    assert at.book.bids.best == 99.5


def test_a_duplicate_is_not_told_twice() -> None:
    at = keeper()
    at.snapshot(whole(100))
    assert change(at, 101, 104, 100) is not None
    assert change(at, 101, 104, 100) is None
    assert change(at, 105, 106, 104) is not None


@pytest.mark.parametrize("broken", [(106, 108, 105), (109, 112, 108)], ids=["reordered", "one missing"])
def test_a_gap_loses_the_book_until_the_next_snapshot(broken: tuple[int, int, int]) -> None:
    at = keeper()
    at.snapshot(whole(100))
    change(at, 101, 104, 100)
    with pytest.raises(BookLost) as lost:
        change(at, *broken)
    assert not lost.value.is_nonsense
    assert not at.is_live
    assert change(at, broken[1] + 1, broken[1] + 4, broken[1]) is None
    told = at.snapshot(whole(broken[1]))
    assert [depth.update_id for depth in told] == [broken[1], broken[1] + 4]
    assert at.gaps == 1


def test_a_snapshot_from_before_what_waits_is_not_taken() -> None:
    at = keeper()
    change(at, 200, 210, 195)
    with pytest.raises(SnapshotTooOld):
        at.snapshot(whole(100))
    assert not at.is_live
    assert [depth.update_id for depth in at.snapshot(whole(205))] == [205, 210]


def test_a_hole_among_what_waits_needs_another_snapshot() -> None:
    at = keeper()
    change(at, 101, 104, 100)
    change(at, 109, 112, 108)
    with pytest.raises(BookLost):
        at.snapshot(whole(100))
    assert [depth.update_id for depth in at.snapshot(whole(110))] == [110, 112]


@pytest.mark.parametrize(
    "levels",
    [[(101.0, 1.0)], [(101.5, 1.0)], [(0.0, 1.0)], [(-1.0, 1.0)], [(float("nan"), 1.0)], [(98.5, float("nan"))],
     [(98.5, -1.0)], [(float("inf"), 1.0)]],
    ids=["locked", "crossed", "zero", "negative", "NaN price", "NaN quantity", "negative quantity", "infinite"],
)  # fmt: skip
def test_what_cant_be_is_never_shown(levels: list[Level]) -> None:
    at = keeper()
    at.snapshot(whole(100))
    with pytest.raises(BookLost) as lost:
        change(at, 101, 104, 100, levels)
    assert lost.value.is_nonsense
    assert (at.is_live, at.nonsense) == (False, 1)


@pytest.mark.parametrize(
    "snapshot",
    [whole(1, bid=101.0), BookSnapshot(1, ((0.0, 1.0),), ((1.0, 1.0),), 1), BookSnapshot(1, ((1.0, -2.0),), (), 1)],
    ids=["locked", "zero price", "negative quantity"],
)
def test_a_snapshot_that_cant_be_is_no_book(snapshot: BookSnapshot) -> None:
    at = keeper()
    with pytest.raises(BookLost) as lost:
        at.snapshot(snapshot)
    assert lost.value.is_nonsense
    assert not at.is_live


def test_snapshots_in_the_stream_end_what_came_before_them() -> None:
    at = keeper(unnumbered, in_stream=True)
    assert change(at, 0, 0, 0, [(98.5, 1.0)]) is None
    assert [depth.snapshot for depth in at.snapshot(whole(0))] == [True]
    assert at.book.bids.prices == [98.0, 99.0]
    assert change(at, 0, 0, 0, [(98.5, 1.0)]) is not None


def test_a_snapshot_without_a_time_has_the_markets() -> None:
    timeless = BookSnapshot(0, ((1.0, 1.0),), ((2.0, 1.0),), 1)
    assert keeper().snapshot(timeless, now=77)[0].ts == 77


def test_waiting_updates_are_bounded() -> None:
    at = keeper(most_waiting=3)
    for number in range(10):
        change(at, 10 * number + 1, 10 * number + 10, 10 * number)
    with pytest.raises(SnapshotTooOld):
        at.snapshot(whole(45))
    assert [depth.update_id for depth in at.snapshot(whole(75))] == [75, 80, 90, 100]
