"""What becomes of a journal that is torn, damaged, or on a full disk: cut at its tail alone, else refused by name."""

import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from jtrader.domain.errors import Broken
from jtrader.domain.events import MarkSeen, ParentChanged
from jtrader.domain.ids import InstrumentId, ParentId
from jtrader.domain.order import ParentState
from jtrader.store.journal.files import FileJournal
from jtrader.store.journal.frames import frames
from jtrader.store.journal.reader import read_journal
from jtrader.store.journal.segments import segment_files

PLATFORM = Path(__file__).parents[3] / "platform"


def mark(index: int) -> MarkSeen:
    return MarkSeen(ts=index, instrument=InstrumentId("binance_spot:BTCUSDT"), mark=Decimal(index))


def write(folder: Path, count: int, segment_bytes: int = 1 << 20) -> Path:
    """One record a commit; returns the first segment."""
    journal = FileJournal(folder, segment_bytes, fsync=lambda _: None)
    for index in range(1, count + 1):
        journal.append(mark(index))
        journal.commit()
    journal.close()
    return segment_files(folder)[0][1]


def read(folder: Path) -> None:
    list(read_journal(folder))


def test_a_record_torn_at_any_byte_is_gone_as_a_whole_and_the_rest_is_there(tmp_path: Path) -> None:
    file = write(tmp_path, 3)
    whole = file.read_bytes()
    last = [frame.end for frame in frames(memoryview(whole))][1]
    for length in range(last, len(whole)):
        file.write_bytes(whole[:length])
        assert [entry.seq for entry in read_journal(tmp_path)] == [1, 2]
        journal = FileJournal(tmp_path, fsync=lambda _: None)
        assert journal.committed == 2
        journal.close()
        assert file.stat().st_size == last


@pytest.mark.parametrize("look", [FileJournal, read], ids=["the writer", "a reader"])
def test_any_byte_flipped_before_an_intact_commit_is_refused_with_file_and_offset(
    look: Callable[[Path], object], tmp_path: Path
) -> None:
    file = write(tmp_path, 3)
    whole = file.read_bytes()
    first, second = [frame.end for frame in frames(memoryview(whole))][:2]
    for at in range(first, second):
        damaged = bytearray(whole)
        damaged[at] ^= 0x10
        file.write_bytes(damaged)
        with pytest.raises(Broken, match=rf"{file}: damaged from byte {first} on, but byte {second} starts an intact"):
            look(tmp_path)
        assert file.read_bytes() == damaged


def test_damage_in_a_segment_that_has_a_successor_is_refused_with_file_and_offset(tmp_path: Path) -> None:
    file = write(tmp_path, 9, segment_bytes=200)
    whole = file.read_bytes()
    ends = [frame.end for frame in frames(memoryview(whole))]
    for at, wanted in [(ends[-2], rf"records \d to \d are damaged or missing, from byte {ends[-2]};"), (0, "byte 0")]:
        damaged = bytearray(whole)
        damaged[at] ^= 1
        file.write_bytes(damaged)
        with pytest.raises(Broken, match=wanted) as refused:
            read(tmp_path)
        assert str(file) in str(refused.value)


def test_a_full_disk_is_final_and_the_next_start_cuts_what_it_took(tmp_path: Path) -> None:
    """The kernel takes a part of the commit and no more, as at the end of a disk."""
    folder = tmp_path / "journal"
    code = (
        "import resource, sys; from pathlib import Path; from decimal import Decimal\n"
        "from jtrader.domain.errors import Broken\n"
        "from jtrader.domain.events import MarkSeen\n"
        "from jtrader.store.journal.files import FileJournal\n"
        "journal = FileJournal(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    while True:\n"
        "        journal.append(MarkSeen(ts=1, instrument='binance_spot:BTCUSDT', mark=Decimal(1))); journal.commit()\n"
        "except Broken as error: print(error)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "for call in (journal.commit, lambda: journal.append(MarkSeen(ts=1, instrument='x', mark=Decimal(1)))):\n"
        "    try: call(); print('went on')\n"
        "    except Broken: print('refused')\n"
        "print(journal.committed)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        env={**os.environ, "PYTHONPATH": str(PLATFORM)},
        capture_output=True,
        text=True,
        check=True,
    )
    why, *later, committed = ended.stdout.splitlines()
    assert "can't be written" in why
    assert later == ["refused", "refused"]
    [(_, file)] = segment_files(folder)
    assert file.stat().st_size == 1000
    journal = FileJournal(folder)
    assert journal.committed == int(committed) > 3
    assert file.stat().st_size < 1000
    assert journal.append(mark(1)) == int(committed) + 1
    journal.commit()
    journal.close()


def test_a_segment_that_cannot_be_begun_is_final(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, segment_bytes=100)
    while segment_files(tmp_path)[0][1].stat().st_size < 100:
        journal.append(mark(1))
        journal.commit()
    (tmp_path / f"{journal.committed + 1:020d}.journal").mkdir()
    journal.append(mark(2))
    with pytest.raises(Broken, match="Is a directory"):
        journal.commit()
    with pytest.raises(Broken):
        journal.append(mark(3))
    journal.close()


def test_an_event_that_cannot_be_written_is_final_and_leaves_nothing(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    journal.append(mark(1))
    journal.commit()
    bad = ParentChanged(ts=1, parent_id=ParentId("p"), state=ParentState.RUNNING, memo={"x": object()})
    for event in (mark(2), bad):
        journal.append(event)
    with pytest.raises(Broken, match="unsupported"):
        journal.commit()
    with pytest.raises(Broken):
        journal.append(mark(3))
    journal.close()
    assert [entry.event for entry in read_journal(tmp_path)] == [mark(1)]
