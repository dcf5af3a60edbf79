"""The journal on disk: restart, rotation, one writer, a failing disk, damage, and readers beside the writer."""

import logging
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from jtrader.domain.errors import Broken
from jtrader.domain.events import MarkSeen
from jtrader.domain.ids import InstrumentId
from jtrader.store.journal.files import FileJournal
from jtrader.store.journal.lock import JournalInUse
from jtrader.store.journal.reader import JournalTail, read_journal
from jtrader.store.journal.segments import segment_files


def mark(index: int) -> MarkSeen:
    return MarkSeen(ts=index, instrument=InstrumentId("binance_spot:BTCUSDT"), mark=Decimal(index))


def write(folder: Path, count: int, segment_bytes: int = 1 << 20) -> None:
    journal = FileJournal(folder, segment_bytes)
    for _ in range(count):
        seq = journal.append(mark(0))
        assert seq > 0
        journal.commit()
    journal.close()


def numbers(folder: Path, after: int = 0) -> list[int]:
    return [entry.seq for entry in read_journal(folder, after)]


def test_a_restart_goes_on_with_the_next_number(tmp_path: Path) -> None:
    write(tmp_path, 3)
    write(tmp_path, 2)
    assert numbers(tmp_path) == [1, 2, 3, 4, 5]


def test_what_was_not_committed_is_not_there_after_a_restart(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    journal.append(mark(1))
    journal.commit()
    journal.append(mark(2))
    journal.close()
    again = FileJournal(tmp_path)
    assert again.append(mark(3)) == 2
    again.commit()
    again.close()
    assert [entry.event for entry in read_journal(tmp_path)] == [mark(1), mark(3)]


def test_segments_rotate_and_replay_as_one(tmp_path: Path) -> None:
    write(tmp_path, 20, segment_bytes=400)
    assert len(segment_files(tmp_path)) > 3
    assert numbers(tmp_path) == list(range(1, 21))
    assert numbers(tmp_path, after=11) == list(range(12, 21))


def test_a_second_writer_is_refused_and_told_the_pid(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    with pytest.raises(JournalInUse, match=f"process {os.getpid()};"):
        FileJournal(tmp_path)
    journal.close()
    FileJournal(tmp_path).close()


def test_a_killed_writer_leaves_no_lock_behind(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from jtrader.store.journal.files import FileJournal\n"
        "FileJournal(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    platform = Path(__file__).parents[3] / "platform"
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], env={"PYTHONPATH": str(platform)}, check=False)
    assert ended.returncode == -9
    FileJournal(tmp_path).close()


def test_a_failed_fsync_is_final(tmp_path: Path) -> None:
    disk_works = [True]

    def fsync(descriptor: int) -> None:
        if not disk_works[0]:
            raise OSError(5, "Input/output error")
        os.fdatasync(descriptor)

    journal = FileJournal(tmp_path, fsync=fsync)
    journal.append(mark(1))
    journal.commit()
    disk_works[0] = False
    journal.append(mark(2))
    with pytest.raises(Broken, match="Input/output error"):
        journal.commit()
    disk_works[0] = True
    with pytest.raises(Broken):
        journal.append(mark(3))
    with pytest.raises(Broken):
        journal.commit()
    assert journal.committed == 1
    journal.close()


def test_a_torn_commit_is_cut_with_a_log_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, 3)
    [(_, file)] = segment_files(tmp_path)
    os.truncate(file, file.stat().st_size - 7)
    with caplog.at_level(logging.WARNING):
        write(tmp_path, 1)
    assert "torn commit after record 2" in caplog.text
    assert numbers(tmp_path) == [1, 2, 3]


def test_damage_before_intact_commits_is_never_cut_away(tmp_path: Path) -> None:
    write(tmp_path, 5)
    [(_, file)] = segment_files(tmp_path)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(Broken, match="restore the journal from a backup"):
        FileJournal(tmp_path)
    assert file.read_bytes() == data


def test_a_hole_in_an_older_segment_is_broken_and_no_short_history(tmp_path: Path) -> None:
    write(tmp_path, 20, segment_bytes=400)
    file = segment_files(tmp_path)[1][1]
    os.truncate(file, file.stat().st_size - 1)
    with pytest.raises(Broken, match="damaged or missing"):
        numbers(tmp_path)


def test_a_missing_first_segment_is_broken(tmp_path: Path) -> None:
    write(tmp_path, 20, segment_bytes=400)
    segment_files(tmp_path)[0][1].unlink()
    with pytest.raises(Broken, match="first record on disk"):
        numbers(tmp_path)


def test_a_reader_follows_the_writer_over_segments(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, segment_bytes=250)
    tail = JournalTail(tmp_path)
    seen: list[int] = []
    for index in range(1, 30):
        journal.append(mark(index))
        if index % 4 == 0:
            journal.commit()
            seen += [entry.seq for entry in tail.read()]
    assert tail.read() == []
    journal.commit()
    while batch := tail.read():
        seen += [entry.seq for entry in batch]
    assert seen == list(range(1, 30))
    journal.close()


def test_a_reader_stops_where_it_is_told(tmp_path: Path) -> None:
    write(tmp_path, 10, segment_bytes=400)
    tail = JournalTail(tmp_path, after=2)
    seen: list[int] = []
    while batch := tail.read(upto=6):
        seen += [entry.seq for entry in batch]
    assert seen == [3, 4, 5, 6]
    while batch := tail.read():
        seen += [entry.seq for entry in batch]
    assert seen == list(range(3, 11))


def test_nothing_to_read_where_no_journal_is(tmp_path: Path) -> None:
    assert numbers(tmp_path / "nowhere") == []
