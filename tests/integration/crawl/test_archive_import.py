"""Binance's public archive into MongoDB by the command's own job: formats, gaps, repeats, and what is refused."""

import zipfile
from pathlib import Path

import pytest

from jtrader.app.jobs.archive import import_archive
from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.crawling import open_places
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle, Trade
from jtrader.domain.times import DAY, MINUTE, Span, parse_time

DAY_START = parse_time("2025-05-01")
MS = DAY_START // 10**6
WHOLE = Span(DAY_START, DAY_START + DAY)
KLINES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)


@pytest.fixture
def settings(tmp_path: Path, mongo) -> Settings:
    return load_settings(home=tmp_path / "home", mongo_uri=mongo.uri, mongo_database=mongo.database)


def kline(minute: int, scale: int = 1, volume: str = "12.5") -> str:
    opened = (MS + minute * 60_000) * scale
    return f"{opened},95000.1,95010.3,94990.0,95005.7,{volume},{opened + 59_999 * scale},1187.5,5,6.1,570.2,0"


def put(folder: Path, name: str, lines: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    if file.suffix == ".zip":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(name.replace(".zip", ".csv"), "\n".join(lines) + "\n")
    else:
        file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize(
    ("folders", "symbol", "name", "header", "scale", "volume"),
    [
        ("spot", "BTCUSDT", "binance_spot:BTCUSDT", False, 1_000, 12.5),
        ("futures/um", "BTCUSDT", "binance_usdm:BTCUSDT", True, 1, 12.5),
        ("futures/cm", "BTCUSD_PERP", "binance_coinm:BTCUSD_PERP", True, 1, 1187.5),
    ],
)
@pytest.mark.parametrize("form", ["csv", "zip"])
def test_klines(settings: Settings, tmp_path: Path, form, folders, symbol, name, header, scale, volume) -> None:
    """Spot's times are µs since 2025; COIN-M counts contracts as volume and base where the others tell quote."""
    lines = [KLINES] * header + [kline(minute, scale) for minute in range(1440) if minute not in (30, 31)]
    file = put(tmp_path / folders, f"{symbol}-1m-2025-05-01.{form}", lines)
    result = import_archive([file], settings=settings)
    assert (result.stored, result.new, result.gaps, result.quarantined) == (1438, 1438, 1, 0)
    with open_places(settings) as places:
        rows = list(places.candles.read(InstrumentId(name), *WHOLE))
        values = (95000.1, 95010.3, 94990.0, 95005.7, volume)
        assert rows[:2] == [Candle(InstrumentId(name), DAY_START + n * MINUTE, *values) for n in range(2)]
        [gap] = places.candles.gaps()
        assert (gap.start, gap.end, gap.cause) == (rows[29].ts + MINUTE, rows[30].ts, "venue_has_none")
    again = import_archive([file], settings=settings)
    assert (again.stored, again.new, again.pages) == (1438, 0, 0)


def test_doubtful_rows_are_put_aside(settings: Settings, tmp_path: Path) -> None:
    lines = [kline(0), kline(2), kline(1), kline(3, volume="-1"), *map(kline, range(4, 1440))]
    result = import_archive([put(tmp_path / "spot", "BTCUSDT-1m-2025-05-01.csv", lines)], settings=settings)
    assert (result.stored, result.quarantined) == (1438, 2)
    with open_places(settings) as places:
        aside = places.candles.aside(InstrumentId("binance_spot:BTCUSDT"), *WHOLE)
        assert [("out of the page's order" in one.reason, "volume" in one.reason) for one in aside] == [
            (True, False),
            (False, True),
        ]


def trade_line(number: int) -> str:
    return f"{number},95000.{number % 10},0.25,23750.0,{MS + number * 1000},{'true' if number % 2 else 'false'}"


def test_trades_are_proven_by_their_numbers(settings: Settings, tmp_path: Path) -> None:
    name = InstrumentId("binance_usdm:BTCUSDT")
    lines = ["id,price,qty,quote_qty,time,is_buyer_maker", *(trade_line(n) for n in range(100, 700) if n != 333)]
    file = put(tmp_path, "BTCUSDT-trades-2025-05-01.zip", lines)
    with pytest.raises(BadInput, match="no folder above tells the market"):
        import_archive([file], settings=settings)
    result = import_archive([file], "binance_usdm", settings)
    assert (result.stored, result.gaps) == (599, 1)
    with open_places(settings) as places:
        [lost] = places.trades.contiguity(name, *WHOLE).missing
        assert (lost.first, lost.last) == (333, 333), "that a file lacks it does not prove that the venue does"
        [gap] = places.trade_ledger.gaps()
        assert (gap.start, gap.end, gap.cause) == (DAY_START + 332 * 10**9, DAY_START + 334 * 10**9, "lost")
        first = next(iter(places.trades.read(Trade, name, *WHOLE)))
        assert first == Trade(name, DAY_START + 100 * 10**9, 100, 95000.0, 0.25, 1)
    assert import_archive([file], "binance_usdm", settings).gaps == 1, "it is looked for again, and still not there"
    lines[1:] = [trade_line(n) for n in range(100, 700)]
    put(tmp_path, file.name, lines)
    assert import_archive([file], "binance_usdm", settings).gaps == 0
    assert import_archive([file], "binance_usdm", settings).new == 0


def test_aggregated_trades_are_one_each_under_their_first_number(settings: Settings, tmp_path: Path) -> None:
    name = InstrumentId("binance_spot:BTCUSDT")
    lines = [f"{n},95000.5,0.75,{3 * n},{3 * n + 2},{MS + n * 1000},False,True" for n in range(50)]
    result = import_archive([put(tmp_path / "spot", "BTCUSDT-aggTrades-2025-05-01.csv", lines)], settings=settings)
    assert (result.stored, result.gaps) == (50, 0)
    with open_places(settings) as places:
        assert [trade.trade_id for trade in places.trades.read(Trade, name, *WHOLE)] == [3 * n for n in range(50)]
        assert places.trade_ledger.asked(name) == [WHOLE]


def test_what_is_no_archive_file_is_refused(settings: Settings, tmp_path: Path) -> None:
    good = put(tmp_path / "spot", "BTCUSDT-1m-2025-05-01.csv", [kline(0), kline(1).replace("95000.1", "x")])
    for files, says in (
        ([], "no file to import"),
        ([tmp_path / "spot" / "prices.csv"], "not a name of Binance's archive"),
        ([good, good.with_name("BTCUSDT-1m-2025-05-02.csv")], "there is no such file"),
        ([good], r"row 2: open 'x' is not a number"),
    ):
        with pytest.raises(BadInput, match=says):
            import_archive(files, settings=settings)
