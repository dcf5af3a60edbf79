"""The store's absence: spilled, brought back in order, and what had no room is counted."""

import pytest

from fixtures.ticks import BTC, trades
from jtrader.domain.errors import Broken, Unavailable
from jtrader.store.recorder.writer import BatchWriter
from jtrader.store.spill.folder import Spill
from jtrader.store.ticks.batch import TickBatch, pack


class Store:
    def __init__(self) -> None:
        self.rows: list[TickBatch] = []
        self.trouble: Exception | None = None

    def write(self, batches) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.rows += batches


def batch(number: int) -> list[TickBatch]:
    return pack(trades(number * 100, number * 100 + 99))


@pytest.fixture
def spill(tmp_path):
    spill = Spill(tmp_path, 3_000, segment_bytes=900)
    yield spill
    spill.close()


@pytest.mark.parametrize("trouble", [Unavailable("away"), Broken("no space left")])
def test_an_absence_is_spilled_and_brought_back_piece_by_piece(spill, trouble) -> None:
    store = Store()
    writer = BatchWriter(store, spill)
    writer.write(batch(0))
    store.trouble = trouble
    for number in (1, 2, 3):
        writer.write(batch(number))
        assert not writer.drain()
    assert (writer.state, writer.trouble, writer.rows, writer.spilled_rows) == ("spilling", str(trouble), 100, 300)
    store.trouble = None
    writer.write(batch(4))
    assert store.rows == batch(0)
    states = []
    while not writer.drain():
        states.append(writer.state)
        writer.write(batch(4 + len(states)))
    assert set(states) == {"back_filling"}
    assert (writer.state, writer.trouble, writer.spilled_bytes) == ("recording", "", 0)
    assert store.rows == [one for number in range(5 + len(states)) for one in batch(number)]
    writer.write(batch(50))
    assert store.rows[-1:] == batch(50)


def test_a_full_spill_drops_and_counts_until_the_store_is_back(spill) -> None:
    store = Store()
    writer = BatchWriter(store, spill)
    store.trouble = Unavailable("away")
    for number in range(30):
        writer.write(batch(number))
    assert writer.state == "full"
    assert writer.dropped_rows == 3_000 - writer.spilled_rows > 0
    assert "start MongoDB" in writer.trouble
    [dropped] = writer.take_dropped()
    assert writer.take_dropped() == []
    store.trouble = None
    while not writer.drain():
        pass
    assert writer.state == "recording"
    assert sum(one.count for one in store.rows) == writer.spilled_rows == writer.rows
    gone = [one for number in range(30) for one in batch(number) if one not in store.rows]
    assert dropped == ("trade", BTC, gone[0].start, gone[-1].end)


def test_what_an_earlier_process_spilled_goes_first(spill) -> None:
    spill.put(batch(1))
    store = Store()
    writer = BatchWriter(store, spill)
    writer.write(batch(2))
    assert store.rows == []
    assert writer.drain()
    assert store.rows == [*batch(1), *batch(2)]
