"""Recorded level-2 updates rebuild books that never cross; the USD-M book ends equal to its last best-quote row."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from fixtures.recordings import Recording, recordings
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Level
from jtrader.domain.order_book import OrderBook
from jtrader.exchange.common.books import BookKeeper, BookSnapshot
from jtrader.exchange.common.sequences import Policy, futures_ids, spot_ids

FILES: dict[str, Policy] = {
    "l2_binance_usdm_btcusdt_20240808": futures_ids,
    "l2_binance_spot_btcusdt_20240808": spot_ids,
    "l2_binance_spot_ethbtc_20201101T09": spot_ids,
}
BOOK = InstrumentId("recorded:BOOK")


class Message:
    """One recorded message: its rows are one price level each."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        first = rows[0]
        self.is_snapshot = bool(first["is_snapshot"])
        self.first, self.last = first["first_update_id"] or 0, first["last_update_id"]
        self.previous = first["prev_update_id"] or 0
        self.bids = self._side(rows, "bid")
        self.asks = self._side(rows, "ask")

    @staticmethod
    def _side(rows: Sequence[dict[str, Any]], side: str) -> tuple[Level, ...]:
        return tuple((row["price"], row["amount"]) for row in rows if row["side"] == side)


def recorded(file: Path) -> Iterator[Message]:
    from pyarrow import parquet

    names = ["seq", "is_snapshot", "first_update_id", "last_update_id", "prev_update_id", "side", "price", "amount"]
    found = set(parquet.read_schema(file).names)
    table = parquet.read_table(file, columns=[n for n in names if n in found]).sort_by("seq")
    rows = table.to_pylist()
    for row in rows:
        row.setdefault("prev_update_id", 0)
    for _, group in groupby(rows, key=lambda row: row["seq"]):
        yield Message(list(group))


@cache
def rebuilt(file: Path) -> tuple[BookKeeper, OrderBook, int]:
    """The keeper, a listener of what it told, and how many events that were."""
    keeper, listener, told = BookKeeper(BOOK, FILES[file.stem]), OrderBook(BOOK), 0
    for number, m in enumerate(recorded(file)):
        if m.is_snapshot:
            depths = keeper.snapshot(BookSnapshot(0, m.bids, m.asks, m.last), now=number)
        else:
            depth = keeper.update(number, m.bids, m.asks, m.first, m.last, m.previous)
            depths = [depth] if depth is not None else []
        for event in depths:
            listener.apply(event)
            assert not listener.is_crossed
            told += 1
    return keeper, listener, told


@pytest.mark.parametrize("recording", [one for name in FILES for one in recordings(f"{name}.parquet")])
def test_a_recorded_book_never_crosses(recording: Recording) -> None:
    keeper, listener, told = rebuilt(recording.path)
    assert (keeper.gaps, keeper.nonsense, keeper.snapshots) == (0, 0, 1)
    assert told > recording.number(cut=40, whole=3_000)
    assert listener.bids.quantities == keeper.book.bids.quantities
    assert listener.asks.quantities == keeper.book.asks.quantities


@pytest.mark.parametrize("recording", recordings("l2_binance_usdm_btcusdt_20240808.parquet"))
def test_the_usdm_book_ends_at_its_last_best_quote(recording: Recording) -> None:
    _, listener, _ = rebuilt(recording.path)
    from pyarrow import parquet

    rows = parquet.read_table(
        recording.beside("l1_binance_usdm_20240808.parquet"), filters=[("symbol", "=", "BTCUSDT")]
    )
    last = rows.sort_by("update_id").to_pylist()[-1]
    quote = listener.quote()
    assert quote is not None
    assert (quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity) == (
        last["bid_price"],
        last["bid_amount"],
        last["ask_price"],
        last["ask_amount"],
    )
