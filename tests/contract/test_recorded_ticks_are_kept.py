"""Recorded trades and books packed and unpacked: the same to the last digit, in a few bytes."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from fixtures.recordings import CUT, WHOLE, Recording, recordings
from fixtures.ticks import BTC
from jtrader.domain.market import Depth, Trade
from jtrader.domain.order_book import OrderBook
from jtrader.domain.times import HOUR
from jtrader.store.ticks.batch import TickBatch, pack
from jtrader.store.ticks.columns import SMALL
from jtrader.store.ticks.contiguity import runs
from jtrader.store.ticks.depth import book_after, concatenated
from jtrader.store.ticks.kinds import KINDS

TRADES = sorted({file.name for place in (CUT, WHOLE) for file in place.glob("trades_binance_*_202[34]*.parquet")})
MOST_BYTES_A_TRADE, MOST_BYTES_A_LEVEL = 6, 6


def size(batches: list[TickBatch]) -> int:
    return sum(len(column) for batch in batches for column in batch.columns.values())


@pytest.mark.parametrize("recording", [one for name in TRADES for one in recordings(name)])
def test_trades(recording: Recording) -> None:
    rows = pq.read_table(recording.path)
    for symbol in rows["symbol"].unique().to_pylist():
        mine = rows.filter(np.asarray(rows["symbol"]) == symbol)
        times = mine["ts"].cast("timestamp[ns]").cast("int64").to_pylist()
        sides = [1 if side == "buy" else -1 for side in mine["side"].to_pylist()]
        ids = [int(number) for number in mine["trade_id"].to_pylist()]
        prices, amounts = mine["price"].to_pylist(), mine["amount"].to_pylist()
        trades = [Trade(BTC, *row) for row in zip(times, ids, prices, amounts, sides, strict=True)]
        batches = pack(trades, level=SMALL)
        found = [trade for batch in batches for trade in KINDS["trade"].events(BTC, batch.table())]
        assert found == sorted(trades, key=lambda trade: trade.ts // HOUR)
        assert len(runs(np.array(ids))) == 1, "the recorded ids are whole"
        if recording.is_whole:  # of few rows the columns' own size is the most
            assert size(batches) / len(trades) < MOST_BYTES_A_TRADE


def recorded_updates(book: Path) -> list[Depth]:
    """The recorded book from its snapshot on, one event a message."""
    columns = ["seq", "is_snapshot", "last_update_id", "side", "price", "amount", "ts"]
    rows = pq.read_table(book, columns=columns).sort_by("seq")
    seq, whole, number = (rows[name].to_numpy() for name in ("seq", "is_snapshot", "last_update_id"))
    ts = rows["ts"].cast("timestamp[ns]").cast("int64").fill_null(0).to_numpy()
    levels = list(zip(rows["side"].to_pylist(), rows["price"].to_pylist(), rows["amount"].to_pylist(), strict=True))
    borders = [0, *(np.flatnonzero(np.diff(seq)) + 1).tolist(), len(seq)]
    told = []
    for low, high in pairwise(borders):
        sides = [tuple((p, q) for side, p, q in levels[low:high] if side == name) for name in ("bid", "ask")]
        told.append(Depth(BTC, int(ts[low]), *sides, int(number[low]), bool(whole[low])))
    first = next(n for n, update in enumerate(told) if update.snapshot)
    return [told[first], *(u for u in told[first + 1 :] if u.update_id >= told[first].update_id)]


@pytest.mark.parametrize("recording", recordings("l2_binance_usdm_btcusdt_20240808.parquet"))
def test_a_book(recording: Recording) -> None:
    told = recorded_updates(recording.path)
    book = OrderBook(BTC)
    for update in told:
        book.apply(update)
    assert not book.is_crossed
    kind = KINDS["depth"]
    batches = pack(told, received=1, level=SMALL)
    tables = [batch.table() for batch in batches]
    assert [update for table in tables for update in kind.events(BTC, table)] == told
    [snapshot] = kind.events(BTC, book_after(concatenated(tables)))
    assert list(snapshot.bids) == list(book.bids.levels())
    assert list(snapshot.asks) == list(book.asks.levels())
    levels = sum(len(update.bids) + len(update.asks) for update in told)
    assert levels > recording.number(cut=3_000, whole=400_000)
    if recording.is_whole:
        assert size(batches) / levels < MOST_BYTES_A_LEVEL
    print(f"\n{size(batches) / levels:.2f} bytes a level")
