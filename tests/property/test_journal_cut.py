"""A journal cut at any byte gives back a prefix of what was committed, and goes on from there."""

from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from jtrader.domain.events import MarkSeen
from jtrader.domain.ids import InstrumentId
from jtrader.store.journal.files import FileJournal
from jtrader.store.journal.reader import read_journal
from jtrader.store.journal.segments import segment_files


def mark(index: int) -> MarkSeen:
    return MarkSeen(ts=index, instrument=InstrumentId("binance_usdm:ETHUSDT"), mark=Decimal(index) / 8)


def write(folder: Path, commits: list[int]) -> list[int]:
    """Commits of the given sizes; returns the file's size after each."""
    journal = FileJournal(folder, fsync=lambda _: None)
    sizes = []
    for size in commits:
        for _ in range(size):
            journal.append(mark(size))
        journal.commit()
        sizes.append(segment_files(folder)[0][1].stat().st_size)
    journal.close()
    return sizes


def test_cut_at_every_byte_a_prefix_of_whole_commits_is_recovered(tmp_path: Path) -> None:
    commits = [1, 3, 2, 1]
    sizes = write(tmp_path / "whole", commits)
    whole = segment_files(tmp_path / "whole")[0][1].read_bytes()
    expected = list(read_journal(tmp_path / "whole"))
    folder = tmp_path / "cut"
    folder.mkdir()
    file = folder / segment_files(tmp_path / "whole")[0][1].name
    for length in range(len(whole) + 1):
        file.write_bytes(whole[:length])
        kept = sum(count for count, size in zip(commits, sizes, strict=True) if size <= length)
        journal = FileJournal(folder, fsync=lambda _: None)
        assert list(journal.replay()) == expected[:kept]
        assert journal.append(mark(99)) == kept + 1
        journal.commit()
        assert [entry.seq for entry in journal.replay()] == list(range(1, kept + 2))
        journal.close()


@settings(deadline=None, max_examples=60)
@given(commits=st.lists(st.integers(1, 5), min_size=1, max_size=6), data=st.data())
def test_a_flipped_byte_in_the_last_commit_loses_that_commit_alone(
    commits: list[int], data: st.DataObject, tmp_path_factory: object
) -> None:
    folder = tmp_path_factory.mktemp("flip")  # type: ignore[attr-defined]
    sizes = [0, *write(folder, commits)]
    file = segment_files(folder)[0][1]
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(sizes[-2], sizes[-1] - 1))] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)
    journal = FileJournal(folder, fsync=lambda _: None)
    assert journal.committed == sum(commits[:-1])
    journal.close()
