"""What every journal promises, on disk and in memory."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from jtrader.domain.events import AccountOpened, MarkSeen, Sequenced
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.ports.stores import Journal
from jtrader.store.journal.files import FileJournal
from jtrader.store.journal.memory import MemoryJournal


def mark(index: int) -> MarkSeen:
    return MarkSeen(ts=index, instrument=InstrumentId("binance_usdm:BTCUSDT"), mark=Decimal(f"{index}.00000001"))


@pytest.fixture(params=["files", "small segments", "memory"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    makers: dict[str, Callable[[], Journal]] = {
        "files": lambda: FileJournal(tmp_path / "journal"),
        "small segments": lambda: FileJournal(tmp_path / "journal", segment_bytes=300),
        "memory": MemoryJournal,
    }
    made = makers[request.param]()
    yield made
    made.close()


def test_records_come_back_numbered_and_in_order(journal: Journal) -> None:
    opened = AccountOpened(ts=1, account=AccountId("alpha"), balances={"USDT": Decimal("100000.00000001")})
    assert journal.append(opened) == 1
    assert [journal.append(mark(i)) for i in (2, 3)] == [2, 3]
    journal.commit()
    assert list(journal.replay()) == [Sequenced(1, opened), Sequenced(2, mark(2)), Sequenced(3, mark(3))]


def test_nothing_is_seen_before_commit(journal: Journal) -> None:
    journal.append(mark(1))
    assert list(journal.replay()) == []
    journal.commit()
    journal.append(mark(2))
    assert [entry.seq for entry in journal.replay()] == [1]


def test_replay_starts_after_any_record(journal: Journal) -> None:
    for index in range(1, 31):
        journal.append(mark(index))
        if index % 3 == 0:
            journal.commit()
    for after in range(32):
        assert [entry.seq for entry in journal.replay(after)] == list(range(after + 1, 31))


def test_an_empty_commit_changes_nothing(journal: Journal) -> None:
    journal.commit()
    journal.append(mark(1))
    journal.commit()
    journal.commit()
    assert len(list(journal.replay())) == 1
