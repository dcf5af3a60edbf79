"""Recorded Parquet history: served as recorded, or refused with file, row, what is wrong and what is allowed."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fixtures.simmarket import BTC, ETH, LIVE_START, SHARED_DATA, aggregate, plan
from jtrader.domain.errors import BadInput
from jtrader.domain.times import DAY, HOUR, MINUTE, iso, parse_time
from jtrader.exchange.sim.market.listing import LISTED
from jtrader.exchange.sim.market.market import SimMarket, build_market

START = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
Rows = list[dict[str, Any]]


def candles(minutes: int = 10, symbol: str = "BTCUSDT", price: float = 100_000.0) -> Rows:
    rows = []
    for i in range(minutes):
        prices = {"open": price, "high": price + 5.5, "low": price - 3.2, "close": price + 1.1}
        ts = START + dt.timedelta(minutes=i)
        rows.append({"ts": ts, "venue": "binance_usdm", "symbol": symbol, **prices, "volume": 12.345})
        price += 1.1
    return rows


def trades(count: int = 600) -> Rows:
    """A trade every half second from 12:00:30 on."""
    rng = np.random.default_rng(1)
    ticks = 1_000_000 + np.cumsum(rng.integers(-3, 4, count))
    return [
        {
            "ts": START + dt.timedelta(seconds=30 + i / 2),
            "venue": "binance_usdm",
            "symbol": "BTCUSDT",
            "trade_id": 5_000 + i,
            "price": int(ticks[i]) / 10,
            "amount": int(rng.integers(1, 900)) / 1_000,
            "side": "buy" if rng.random() < 0.5 else "sell",
        }
        for i in range(count)
    ]


def write(file: Path, rows: Rows) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file


def served(history: Path, **changes: Any) -> SimMarket:
    return build_market(plan(**({"history": history, "live_start": None} | changes)))


def test_candles_are_served_as_recorded_and_the_market_goes_live_after_them(tmp_path: Path) -> None:
    market = served(write(tmp_path / "candles.parquet", candles()))
    assert [i.id for i in market.instruments] == [BTC]
    klines = market.klines(BTC, 0, market.live_end)
    assert len(klines) == 10
    assert iso(market.first_minute) == "2026-01-15T12:00:00Z"
    assert iso(market.live_start) == "2026-01-15T12:10:00Z"
    first, last = klines[0], klines[-1]
    assert (first.open, first.high, first.low, first.close, first.volume) == (
        1_000_000,
        1_000_055,
        999_968,
        1_000_011,
        12_345,
    )
    for kline in klines:
        assert aggregate(kline.minute_ns, market.prints(BTC, kline.minute_ns)) == kline
    assert market.mark(BTC, market.live_start) == last.close * Decimal("0.1")
    assert market.mark(BTC, klines[3].minute_ns) == klines[2].close * Decimal("0.1")
    best_bid = market.flow(BTC).opening_book()[0]
    assert best_bid[1] == pytest.approx(last.close, abs=10)


def test_the_generator_goes_on_from_the_last_candle(tmp_path: Path) -> None:
    market = served(write(tmp_path / "candles.parquet", candles(price=50_000.0)))
    market.resume({BTC: 500_500}, {BTC: 9_999})
    after = market.klines(BTC, market.live_end, market.live_end + HOUR)
    assert len(after) == 60
    assert after[0].open == 500_500
    assert all(abs(k.close / 500_500 - 1) < 0.03 for k in after)
    assert market.first_trade_id(BTC, market.live_end) == 9_999


def test_recorded_history_may_go_live_before_its_end(tmp_path: Path) -> None:
    file = write(tmp_path / "candles.parquet", candles())
    market = served(file, live_start=parse_time("2026-01-15T12:06:00Z"))
    assert len(market.klines(BTC, 0, market.live_start)) == 6
    for wrong in ("2026-01-15T12:11:00Z", "2026-01-15T12:00:00Z"):
        with pytest.raises(BadInput, match="allowed is 2026-01-15T12:01:00Z to 2026-01-15T12:10:00Z"):
            served(file, live_start=parse_time(wrong))


def test_instruments_end_together_at_the_earliest_last_candle(tmp_path: Path) -> None:
    write(tmp_path / "b.parquet", candles(10))
    write(tmp_path / "e.parquet", candles(8, "ETHUSDT", 2_600.0))
    market = served(tmp_path)
    assert iso(market.live_start) == "2026-01-15T12:08:00Z"
    assert {len(market.klines(i, 0, market.live_start)) for i in (BTC, ETH)} == {8}


def test_a_minute_without_a_trade_has_no_trades(tmp_path: Path) -> None:
    rows = candles()
    rows[4] |= {"open": 100_004.4, "high": 100_004.4, "low": 100_004.4, "close": 100_004.4, "volume": 0.0}
    market = served(write(tmp_path / "candles.parquet", rows))
    minute = market.first_minute + 4 * MINUTE
    assert market.prints(BTC, minute) == []
    assert market.klines(BTC, minute, minute + MINUTE)[0].count == 0
    assert market.first_trade_id(BTC, minute) == market.first_trade_id(BTC, minute + MINUTE)


def drop(*gone: int) -> Callable[[Rows], Rows]:
    return lambda rows: [row for i, row in enumerate(rows) if i not in gone]


def change(row: int, **values: Any) -> Callable[[Rows], Rows]:
    return lambda rows: [r | values if i == row else r for i, r in enumerate(rows)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (drop(3), r"missing minutes 2026-01-15T12:03:00Z; recorded candles must have no gap"),
        (drop(3, 4, 7), r"missing minutes 2026-01-15T12:03:00Z to 2026-01-15T12:04:00Z, 2026-01-15T12:07:00Z"),
        (lambda rows: rows + rows[2:3], r"minute 2026-01-15T12:02:00Z is there twice"),
        (change(2, close=float("nan")), r"row 3 \(binance_usdm:BTCUSDT\): close nan is not a finite number above zero"),
        (change(2, open=-1.0), r"row 3 .*open -1.0"),
        (change(5, volume=-0.5), r"row 6 .*volume -0.5 is not a finite number of at least zero"),
        (change(2, high=100_000.0), r"row 3 .*open and close must lie within low … high"),
        (change(2, low=100_000.05), r"row 3 .*low 100000.05 is not a multiple of 0.1"),
        (change(2, volume=0.002), r"row 3 .*a volume of 0.002 can't have traded at each of"),
        (change(2, volume=0.0), r"row 3 .*a volume of 0.0 can't have traded"),
        (change(2, ts=START + dt.timedelta(minutes=2, seconds=1)), r"row 3 .*is not the start of a minute"),
        (change(2, symbol="DOGEUSDT"), r"row 3: 'binance_usdm' 'DOGEUSDT' can't be simulated; known are binance_usdm"),
        (change(2, venue="kraken"), r"row 3: 'kraken' 'BTCUSDT' can't be simulated"),
        (change(2, volume=None), r"row 3: volume is missing; every row needs ts, venue"),
        (
            lambda rows: [{k: v for k, v in r.items() if k != "low"} for r in rows],
            r"columns .* are neither candles \(ts",
        ),
        (lambda rows: [r | {"open": str(r["open"]) + "x"} for r in rows], r"must be numbers"),
        (lambda rows: [r | {"ts": r["ts"].replace(tzinfo=None)} for r in rows], r"must be a timestamp with zone UTC"),
    ],
)
def test_a_wrong_candle_file_is_refused(tmp_path: Path, wrong: Callable[[Rows], Rows], said: str) -> None:
    file = write(tmp_path / "candles.parquet", wrong(candles()))
    with pytest.raises(BadInput, match=said) as refused:
        served(file)
    assert "candles.parquet" in str(refused.value)


def test_what_is_no_history_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"not parquet")
    with pytest.raises(BadInput, match="not a Parquet file"):
        served(broken)
    with pytest.raises(BadInput, match="does not exist; name a Parquet or CSV file"):
        served(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"holds no file to read; allowed are \.parquet, \.csv, \.zip"):
        served(tmp_path / "empty")
    only_eth = write(tmp_path / "eth.parquet", candles(symbol="ETHUSDT", price=2_600.0))
    with pytest.raises(BadInput, match="holds binance_usdm:ETHUSDT; wanted is at least one of binance_usdm:BTCUSDT"):
        served(only_eth, instruments=(BTC,))


def test_recorded_trades_are_served_as_they_were_and_make_the_candles(tmp_path: Path) -> None:
    rows = trades()
    market = served(write(tmp_path / "trades.parquet", rows))
    assert iso(market.first_minute) == "2026-01-15T12:01:00Z", "the first minute is cut off"
    assert iso(market.live_start) == "2026-01-15T12:05:00Z"
    prints = market.prints(BTC, market.first_minute)
    assert [p.id for p in prints] == [5_000 + i for i in range(60, 180)]
    told = [(r["price"], r["amount"], r["side"] == "buy") for r in rows[60:180]]
    made = [(p.price / 10, p.quantity / 1_000, p.buyer_is_taker) for p in prints]
    assert made == told
    for kline in market.klines(BTC, 0, market.live_start):
        assert aggregate(kline.minute_ns, market.prints(BTC, kline.minute_ns)) == kline


def test_trades_and_candles_of_a_minute_must_agree(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    file = write(tmp_path / "t" / "trades.parquet", trades())
    summed = served(file)
    minutes = summed.klines(BTC, 0, summed.live_start)
    rows = candles(8)
    for row, k in zip(rows[1:5], minutes, strict=True):
        row |= {name: getattr(k, name) / 10 for name in ("open", "high", "low", "close")} | {"volume": k.volume / 1_000}
    write(tmp_path / "t" / "candles.parquet", rows)
    market = served(tmp_path / "t")
    assert len(market.klines(BTC, 0, market.live_start)) == 8
    third = market.klines(BTC, 0, market.live_start)[2]
    assert (third.turnover, third.count) == (minutes[1].turnover, minutes[1].count)
    assert aggregate(third.minute_ns, market.prints(BTC, third.minute_ns)) == third
    rows[2]["volume"] += 0.001
    write(tmp_path / "t" / "candles.parquet", rows)
    with pytest.raises(BadInput, match="minute 2026-01-15T12:02:00Z: recorded trades give"):
        served(tmp_path / "t")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (change(7, price=0.0), r"row 8 .*price 0.0 is not a finite number above zero"),
        (change(7, amount=0.0005), r"row 8 .*amount 0.0005 is not a multiple of 0.001"),
        (change(7, side="maybe"), r"row 8: side 'maybe' is neither buy nor sell"),
        (change(7, trade_id=5_006), r"trade id 5006 is there twice"),
        (lambda rows: rows[:50], r"no whole minute"),
    ],
)
def test_a_wrong_trade_file_is_refused(tmp_path: Path, wrong: Callable[[Rows], Rows], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        served(write(tmp_path / "trades.parquet", wrong(trades())))


def test_recorded_funding_is_used_where_it_is(tmp_path: Path) -> None:
    write(tmp_path / "candles.parquet", candles(300))
    late = dt.datetime(2026, 1, 15, 8, 0, 0, 5_000, tzinfo=dt.UTC)
    write(
        tmp_path / "funding.parquet", [{"ts": late, "venue": "binance_usdm", "symbol": "BTCUSDT", "rate": 0.00007654}]
    )
    market = served(tmp_path)
    assert market.funding_rate(BTC, parse_time("2026-01-15T08:00:00Z")) == Decimal("0.00007654")
    assert market.funding_rate(BTC, parse_time("2026-01-15T16:00:00Z")) != Decimal("0.00007654")


real = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=f"no recorded data at {SHARED_DATA}")


@real
def test_a_real_month_of_perpetuals_is_served_to_the_digit() -> None:
    file = SHARED_DATA / "candles_1m_binance_usdm.parquet"
    market = served(file)
    assert (iso(market.live_start), iso(market.live_start + 60 * MINUTE)) == (
        "2025-06-03T15:32:00Z",
        "2025-06-03T16:32:00Z",
    )
    recorded = pq.read_table(file).to_pylist()
    for instrument in (BTC, ETH):
        rows = [r for r in recorded if r["symbol"] == LISTED[instrument].venue_symbol]
        klines = market.klines(instrument, market.first_minute, market.live_start)
        assert len(rows) == len(klines) == 43_199
        tick, lot = LISTED[instrument].price_tick, LISTED[instrument].quantity_step
        for row, kline in zip(rows, klines, strict=True):
            made = (kline.open * tick, kline.high * tick, kline.low * tick, kline.close * tick, kline.volume * lot)
            assert [float(m) for m in made] == [row[n] for n in ("open", "high", "low", "close", "volume")]
        for kline in klines[::2_000]:
            assert aggregate(kline.minute_ns, market.prints(instrument, kline.minute_ns)) == kline


@real
def test_real_trades_give_the_candles_that_binance_made_of_them() -> None:
    """README of the data: 2024-08-08 trades equal Binance's own candles; here ours must equal a plain sum."""
    file = SHARED_DATA / "trades_binance_usdm_20240808.parquet"
    market = served(file)
    minute = market.first_minute
    part = [r for r in pq.read_table(file).to_pylist() if r["symbol"] == "BTCUSDT"]
    inside = [r for r in part if minute <= r["ts"].value < minute + MINUTE]
    kline = market.klines(BTC, minute, minute + MINUTE)[0]
    assert kline.volume == round(sum(Decimal(str(r["amount"])) for r in inside) * 1_000)
    assert kline.count == len(inside)
    assert kline.close == round(inside[-1]["price"] * 10)
    assert market.live_start - LIVE_START < -DAY
