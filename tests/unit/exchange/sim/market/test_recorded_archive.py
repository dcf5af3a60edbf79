"""Binance's public archive: CSV with or without header, ms or µs, zipped or not."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from fixtures.simmarket import BTC, SPOT_BTC, aggregate, plan
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import MINUTE, iso, parse_time
from jtrader.exchange.sim.market.market import SimMarket, build_market
from jtrader.exchange.sim.market.tape import Print

START_MS = parse_time("2026-01-14T00:00:00Z") // 10**6
KLINE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)


def minute_trades(minute: int) -> list[Print]:
    rng = np.random.default_rng(minute)
    ticks = 1_000_000 + np.cumsum(rng.integers(-3, 4, 200))
    return [Print(i, i, int(p), int(rng.integers(1, 500)), bool(rng.random() < 0.5)) for i, p in enumerate(ticks)]


def kline_lines(minutes: int = 6, us: bool = False) -> list[str]:
    """As Binance writes them for BTCUSDT perpetuals: ticks of 0.1, lots of 0.001."""
    lines = []
    for i in range(minutes):
        k = aggregate(0, minute_trades(i))
        opened = (START_MS + i * 60_000) * (1_000 if us else 1)
        prices = ",".join(f"{p / 10:.1f}" for p in (k.open, k.high, k.low, k.close))
        rest = f"{k.turnover / 10_000:.4f},{k.count},{k.buy_volume / 1_000:.3f},{k.buy_turnover / 10_000:.4f},0"
        lines.append(f"{opened},{prices},{k.volume / 1_000:.3f},{opened + 59_999},{rest}")
    return lines


def put(folder: Path, name: str, lines: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


def served(history: Path, instrument: InstrumentId = BTC) -> SimMarket:
    return build_market(plan(history=history, live_start=None, instruments=(instrument,)))


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("us", [True, False])
def test_klines_are_served_with_all_that_the_archive_tells(tmp_path: Path, header: bool, us: bool) -> None:
    lines = [KLINE_HEADER] * header + kline_lines(us=us)
    market = served(put(tmp_path / "futures" / "um", "BTCUSDT-1m-2026-01-14.csv", lines))
    klines = market.klines(BTC, 0, market.live_start)
    assert iso(market.first_minute) == "2026-01-14T00:00:00Z"
    for i, kline in enumerate(klines):
        assert kline == aggregate(market.first_minute + i * MINUTE, minute_trades(i))
        assert aggregate(kline.minute_ns, market.prints(BTC, kline.minute_ns)) == kline


def test_monthly_files_zipped_and_not_are_joined(tmp_path: Path) -> None:
    lines = kline_lines(6)
    put(tmp_path / "binance_usdm", "BTCUSDT-1m-2026-01-14.csv", lines[:3])
    with zipfile.ZipFile(tmp_path / "binance_usdm" / "BTCUSDT-1m-2026-01-15.zip", "w") as archive:
        archive.writestr("BTCUSDT-1m-2026-01-15.csv", "\n".join([KLINE_HEADER, *lines[3:]]))
    market = served(tmp_path)
    assert len(market.klines(BTC, 0, market.live_start)) == 6


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("BTCUSDT-trades-2026-01-14.csv", "{id},{price},{qty},{cost},{ms},{maker},True"),
        ("BTCUSDT-aggTrades-2026-01-14.csv", "{id},{price},{qty},{id},{id},{ms},{maker},True"),
    ],
)
def test_trades_become_the_market(tmp_path: Path, name: str, row: str) -> None:
    lines = []
    for i in range(360):
        price, qty = f"{100_000 + i * 0.01:.2f}", f"{(i % 7 + 1) * 0.00001:.5f}"
        maker = "True" if i % 3 else "false"
        lines.append(row.format(id=77 + i, price=price, qty=qty, cost="1", ms=START_MS + i * 500, maker=maker))
    market = served(put(tmp_path / "data" / "spot", name, lines), SPOT_BTC)
    prints = market.prints(SPOT_BTC, market.first_minute)
    assert len(prints) == 120
    assert (prints[0].id, prints[0].price, prints[0].quantity) == (77 + 120, 10_000_120, 2)
    assert [p.buyer_is_taker for p in prints[:3]] == [True, False, False]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            lambda lines: [*lines[:2], *lines[3:]],
            "missing minutes 2026-01-14T00:02:00Z; recorded candles must have no gap",
        ),
        (
            lambda lines: [*lines[:2], lines[2].replace(",", ",x", 1), *lines[3:]],
            r"row 3: open 'x\d.*' is not a number",
        ),
        (lambda lines: [KLINE_HEADER, lines[0], lines[1].replace("1", "?")], r"row 3: open_time '.*' is not a number"),
        (lambda lines: ["1,2,3"], "row 1: 3 columns; expected are open_time, open"),
        (lambda lines: [*lines[:2], "1,2,3"], "expected columns are open_time"),
    ],
)
def test_a_malformed_file_is_refused_with_its_row(tmp_path: Path, edit: object, said: str) -> None:
    assert callable(edit)
    file = put(tmp_path / "binance_usdm", "BTCUSDT-1m-2026-01-14.csv", edit(kline_lines()))
    with pytest.raises(BadInput, match=said) as refused:
        served(file)
    assert "BTCUSDT-1m-2026-01-14.csv" in str(refused.value)


def test_market_and_symbol_must_be_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no folder above tells the market; put it below binance_usdm/"):
        served(put(tmp_path, "BTCUSDT-1m-2026-01-14.csv", kline_lines()))
    with pytest.raises(BadInput, match=r"not a name of Binance's archive, for example BTCUSDT-1m-2025-05\.csv"):
        served(put(tmp_path / "spot", "prices.csv", kline_lines()))
    with pytest.raises(BadInput, match="'binance_spot' 'DOGEUSDT' can't be simulated"):
        served(put(tmp_path / "spot2" / "spot", "DOGEUSDT-1m-2026-01.csv", kline_lines()))
    put(tmp_path / "zip" / "spot", "BTCUSDT-1m-2026-01.zip", ["no zip"])
    with pytest.raises(BadInput, match="not a zip file"):
        served(tmp_path / "zip")
