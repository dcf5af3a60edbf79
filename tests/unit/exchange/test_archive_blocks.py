"""Archive files of any size: block by block, in the order of time, each fault with its own row."""

import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fixtures.candle_source import BTC
from jtrader.crawl.imported import PAGE, ImportedTrades
from jtrader.domain.errors import BadInput
from jtrader.domain.market import Trade
from jtrader.domain.times import MILLISECOND, parse_time
from jtrader.exchange.archive import binance
from jtrader.exchange.archive.binance import ArchiveName, name_of, read_blocks, read_rows
from jtrader.exchange.archive.sorting import trades_by_time

START = parse_time("2025-05-01") // MILLISECOND
HEADER = "id,price,qty,quote_qty,time,is_buyer_maker"
COUNT = 100_000
"""Several blocks' worth of lines."""


def line(number: int, ts: int | None = None) -> str:
    at = START + number // 3 if ts is None else ts
    return f"{number},95000.{number % 10},0.25,23750.0,{at},{'true' if number % 2 else 'False'}"


def put(folder: Path, lines: list[str], form: str = "csv") -> ArchiveName:
    file = folder / "spot" / f"BTCUSDT-trades-2025-05-01.{form}"
    file.parent.mkdir(exist_ok=True)
    text = "\n".join(lines) + "\n"
    if form == "csv":
        file.write_text(text)
    else:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", text)
    return name_of(file)


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return [line(number) for number in range(COUNT)]


@pytest.mark.parametrize("form", ["csv", "zip"])
@pytest.mark.parametrize("header", [True, False])
def test_blocks_are_the_whole_file_in_its_order(tmp_path: Path, lines, form: str, header: bool) -> None:
    name = put(tmp_path, [HEADER] * header + lines, form)
    blocks = list(read_blocks(name))
    assert len(blocks) > 1
    assert max(len(one.ts) for one in blocks) < COUNT / 2
    whole = read_rows(name)
    assert list(whole.rows[[0, -1]]) == [1 + header, COUNT + header]
    assert np.array_equal(whole.numbers["id"], np.arange(COUNT))
    assert np.array_equal(np.concatenate([one.ts for one in blocks]), whole.ts)
    assert list(whole.buys[:4]) == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (line(7).replace("95000.7", "ninety"), "price 'ninety' is not a number"),
        (line(7).replace("true", "maybe"), "is_buyer_maker 'maybe' is neither true nor false"),
        (line(8).replace("0.25", ""), "qty '' is not a number"),
    ],
)
@pytest.mark.parametrize("at", [0, 5, COUNT - 2])
def test_a_fault_in_any_block_is_told_with_its_row(tmp_path: Path, lines, bad: str, says: str, at: int) -> None:
    name = put(tmp_path, [HEADER, *lines[:at], bad, *lines[at:]])
    with pytest.raises(BadInput, match=rf"BTCUSDT-trades-2025-05-01.csv, row {at + 2}: {says}"):
        read_rows(name)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "row 1: 1 columns"),
        (["1,2"], "row 1: 2 columns"),
        ([HEADER, line(1), "2,5"], "Expected 6 columns, got 2"),
    ],
)
def test_what_has_not_the_columns_is_refused(tmp_path: Path, lines: list[str], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_rows(put(tmp_path, lines))


def test_a_day_without_a_trade_is_none(tmp_path: Path) -> None:
    with tempfile.TemporaryFile() as scratch:
        source = ImportedTrades(BTC, trades_by_time(put(tmp_path, [HEADER]), scratch))
        assert (source.trades(BTC, 0, 2**62), source.trades_from(BTC, 0)) == ([], [])


def test_a_damaged_zip_is_named(tmp_path: Path, lines) -> None:
    name = put(tmp_path, lines, "zip")
    packed = bytearray(name.file.read_bytes())
    packed[len(packed) // 2] ^= 0xFF
    name.file.write_bytes(packed)
    with pytest.raises(BadInput, match="damaged"):
        read_rows(name)


def test_trades_come_by_time_and_number_wherever_they_stand_in_the_file(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(binance, "BLOCK_BYTES", 4_096)
    numbers = np.random.default_rng(5).permutation(3 * PAGE)
    for order in (range(3 * PAGE), numbers):
        name = put(tmp_path, [line(int(number)) for number in order])
        with tempfile.TemporaryFile() as scratch:
            source = ImportedTrades(BTC, trades_by_time(name, scratch))
            first = START * MILLISECOND
            page = source.trades(BTC, first, 2**62)
            assert page[0] == Trade(BTC, first, 0, 95000.0, 0.25, 1)
            assert {type(value) for value in (page[1].ts, page[1].trade_id, page[1].side)} == {int}
            assert [trade.trade_id for trade in page] == list(range(PAGE // 3 * 3 + 3)), "whole moments"
            assert [trade.trade_id for trade in source.trades(BTC, first + MILLISECOND, first + 2 * MILLISECOND)] == [
                3,
                4,
                5,
            ]
            assert [trade.trade_id for trade in source.trades_from(BTC, 3 * PAGE - 2)] == [3 * PAGE - 2, 3 * PAGE - 1]
            assert (source.trades(BTC, 0, first), source.trades_from(BTC, 3 * PAGE)) == ([], [])
