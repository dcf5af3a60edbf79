"""Batches on disk: back in order, damage skipped and told, never more than allowed."""

import contextlib
import os
import resource
from collections.abc import Iterator

import pytest

from fixtures.ticks import trades
from jtrader.domain.errors import Unavailable
from jtrader.store.spill.folder import Spill, SpillFull
from jtrader.store.ticks.batch import TickBatch, pack

LARGE = 10**9


@pytest.fixture
def open_spill(tmp_path):
    opened: list[Spill] = []

    def open_it(most_bytes: int = LARGE, segment_bytes: int = 2_000) -> Spill:
        for spill in opened:
            spill.close()
        opened[:] = [Spill(tmp_path, most_bytes, segment_bytes)]
        return opened[0]

    yield open_it
    opened[0].close()


def batch(number: int) -> list[TickBatch]:
    return pack(trades(number * 100, number * 100 + 99))


def put_many(spill: Spill) -> None:
    for number in range(100):
        spill.put(batch(number))


def drained(spill: Spill) -> list[TickBatch]:
    found: list[TickBatch] = []
    while spill.drain(found.extend):
        pass
    return found


def test_everything_comes_back_in_order_also_after_a_restart(open_spill, tmp_path) -> None:
    spill = open_spill()
    for number in range(20):
        spill.put(batch(number))
    assert len(list(tmp_path.glob("*.spill"))) > 2
    size = spill.bytes
    spill = open_spill()
    assert spill.bytes == size
    spill.put(batch(20))
    assert drained(spill) == [one for number in range(21) for one in batch(number)]
    assert (spill.bytes, list(tmp_path.glob("*.spill"))) == (0, [])
    spill.put(batch(21))
    assert drained(spill) == batch(21)


def test_what_the_store_does_not_take_stays(open_spill) -> None:
    spill = open_spill()
    for number in range(3):
        spill.put(batch(number))

    def refuse(_) -> None:
        raise Unavailable("away")

    for _ in range(2):
        with pytest.raises(Unavailable):
            spill.drain(refuse)
    assert drained(spill) == [one for number in range(3) for one in batch(number)]


def test_it_never_takes_more_than_it_may(open_spill) -> None:
    spill = open_spill(most_bytes=1_500)
    with pytest.raises(SpillFull, match="1500 bytes: start MongoDB, or allow it more"):
        put_many(spill)
    kept = drained(spill)
    assert kept == [one for number in range(len(kept)) for one in batch(number)]
    spill.put(batch(50))
    assert drained(spill) == batch(50)


@pytest.mark.parametrize("cut", [1, 5, 11, 12, 13, 100])
def test_a_torn_end_loses_the_torn_frame_alone(open_spill, tmp_path, cut: int) -> None:
    spill = open_spill(segment_bytes=LARGE)
    for number in range(3):
        spill.put(batch(number))
    [file] = tmp_path.glob("*.spill")
    os.truncate(file, file.stat().st_size - cut)
    spill = open_spill()
    spill.put(batch(9))
    assert drained(spill) == [*batch(0), *batch(1), *batch(9)]
    assert spill.damaged_bytes > 0


@pytest.mark.parametrize("at", [0, 3, 6, 10, 40])
def test_damage_in_the_middle_loses_what_it_hit_alone(open_spill, tmp_path, at: int) -> None:
    spill = open_spill(segment_bytes=LARGE)
    spill.put(batch(0))
    first = spill.bytes
    spill.put(batch(1))
    spill.put(batch(2))
    [file] = tmp_path.glob("*.spill")
    data = bytearray(file.read_bytes())
    data[first + at] ^= 0xFF
    file.write_bytes(bytes(data))
    assert drained(open_spill()) == [*batch(0), *batch(2)]


@contextlib.contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """The kernel takes no byte beyond: a write fails in its middle, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [-100, 0, 100, 300])
def test_a_disk_that_is_full_is_told_and_leaves_what_was_there(open_spill, tmp_path, room: int) -> None:
    spill = open_spill(segment_bytes=LARGE)
    for number in range(2):
        spill.put(batch(number))
    with files_no_larger_than(spill.bytes + room):
        with pytest.raises(SpillFull, match="make room on the disk"):
            put_many(spill)
        size = sum(file.stat().st_size for file in tmp_path.glob("*.spill"))
    assert size == spill.bytes
    kept = drained(spill)
    assert kept[:2] == [*batch(0), *batch(1)]
    assert kept[2:] == [one for number in range(len(kept) - 2) for one in batch(number)]


def test_a_folder_has_one_recorder(open_spill, tmp_path) -> None:
    open_spill()
    with pytest.raises(Unavailable, match="another recorder's"):
        Spill(tmp_path, LARGE)


def test_the_name_of_each_new_file_is_durable_before_what_it_holds_is_promised(tmp_path) -> None:
    folder, synced = tmp_path / "spill", []

    def sync(place) -> None:
        synced.append(sorted(file.name for file in place.iterdir() if file.suffix == ".spill" or file.is_dir()))

    with contextlib.closing(Spill(folder, LARGE, segment_bytes=1, sync=sync)) as spill:
        assert synced == [["spill"]]
        for number in range(2):
            spill.put(batch(number))
            assert synced[-1][-1] == f"{number + 1:012d}.spill"


def test_what_an_earlier_process_left_is_told_from_what_came_since(open_spill) -> None:
    spill = open_spill()
    spill.put(batch(0))
    assert not spill.is_inheriting
    spill = open_spill()
    spill.put(batch(1))
    assert spill.is_inheriting
    found: list[TickBatch] = []
    spill.drain(found.extend)
    assert (found, spill.is_inheriting) == (batch(0), False)
    assert drained(spill) == batch(1)
