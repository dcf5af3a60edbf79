"""Every kind of data of every venue, crawled from the simulator through the real ccxt into a real MongoDB."""

import json
from pathlib import Path

import pytest

from fixtures.simulator import BITMEX, COINM, HUOBI, Simulator, StartSimulator
from jtrader.app.jobs.crawl import crawl_market_data
from jtrader.app.jobs.quality import judge_days
from jtrader.app.jobs.repair import repair_market_data
from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.crawling import open_places
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle, Trade
from jtrader.domain.times import HOUR, MINUTE, Span, iso
from jtrader.ports.stores import Gap

VENUES = {
    "binance_usdm": ("binance_usdm:BTCUSDT",),
    "binance_spot": ("binance_spot:BTCUSDT",),
    "binance_coinm": COINM[::2],
    "bitmex": (BITMEX[0], BITMEX[2], BITMEX[3]),
    "huobi_spot": HUOBI[:1],
    "huobi_linear": HUOBI[2:3],
    "huobi_swap": HUOBI[4:5],
    "huobi_future": HUOBI[6:],
}
EVERYTHING = tuple(name for names in VENUES.values() for name in names)
PERPETUALS = ("binance_usdm:BTCUSDT", COINM[0], BITMEX[0], BITMEX[2], HUOBI[2], HUOBI[4])
KINDS = ("candles", "trades", "funding", "open_interest", "instruments")
KEY = "crawler-key-of-32-letters-or-more"


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator):
    made = start_simulator(instruments=EVERYTHING, live_minutes=20, intensity=0.02)
    made.add_account(KEY, "a secret of more than thirty-two letters")
    yield made
    made.stop()


@pytest.fixture
def settings(tmp_path: Path, mongo, venue: Simulator) -> Settings:
    keys = tmp_path / "keys.json"
    keys.touch(mode=0o600)
    keys.write_text(json.dumps({"key": KEY, "secret": "never used"}))
    accounts = [
        {"name": market, "market": market, "broker": "sim", "key_file": "keys.json"}
        for market in ("binance_usdm", "binance_spot")
    ]
    return load_settings(
        home=tmp_path,
        mongo_uri=mongo.uri,
        mongo_database=mongo.database,
        simulator_uri=venue.uri,
        accounts=accounts,
        crawl_instruments=EVERYTHING,
    )


@pytest.mark.parametrize("market", VENUES)
def test_every_kind_comes_once(settings: Settings, venue: Simulator, market: str) -> None:
    end = (venue.now - 10 * MINUTE) // HOUR * HOUR
    hours = {"start": iso(end - 26 * HOUR), "end": iso(end - 2 * HOUR)}
    minutes = {"start": iso(end - 20 * MINUTE), "end": iso(end)}
    names = VENUES[market]
    slow = [kind for kind in KINDS if kind != "trades"]
    rows = {
        (row.instrument, row.kind): row
        for result in (
            crawl_market_data(names, settings=settings, kinds=slow, **hours),
            crawl_market_data(names, settings=settings, kinds=["trades"], **minutes),
        )
        for row in result.instruments
    }
    for name in names:
        assert (rows[name, "candles"].stored, rows[name, "candles"].gaps) == (1440, 0)
        assert rows[name, "trades"].new == rows[name, "trades"].stored > 20
        assert rows[name, "instruments"].stored == 1
        assert ((name, "funding") in rows) == (name in PERPETUALS)
        assert ((name, "open_interest") in rows) == (not market.endswith("spot"))
        if name in PERPETUALS:
            assert (rows[name, "funding"].stored, rows[name, "funding"].gaps) == (3, 0)
        if market not in ("bitmex", "binance_spot", "huobi_spot"):
            assert rows[name, "open_interest"].stored >= 20, "hourly, or every five minutes, as far back as it is told"
    if market.startswith("binance"):
        with open_places(settings) as places:
            for name in names:
                assert places.trades.contiguity(InstrumentId(name), 0, end).is_whole
    again = crawl_market_data(names, settings=settings, kinds=slow, **hours)
    assert (again.new, again.pages) == (0, 0)
    again = crawl_market_data(names, settings=settings, kinds=["trades"], **minutes)
    assert (again.new, again.pages) == (0, 0)


def test_spoilt_rows_are_found_by_trades_and_other_venues_and_mended(settings: Settings, venue: Simulator) -> None:
    perp, spot = "binance_usdm:BTCUSDT", "binance_spot:BTCUSDT"
    end = venue.now // MINUTE * MINUTE
    span = Span(end - 30 * MINUTE, end)
    times = {"start": iso(span.start), "end": iso(span.end)}
    crawl_market_data([perp, spot], settings=settings, kinds=["candles", "trades"], **times)
    with open_places(settings) as places:
        mine = InstrumentId(perp)
        good = {candle.ts: candle for candle in places.candles.read(mine, *span)}
        first, second = good[span.start + 4 * MINUTE], good[span.start + 20 * MINUTE]
        spoilt = [
            Candle(mine, first.ts, first.open, first.high, first.low, first.close, first.volume + 1),
            Candle(mine, second.ts, 9.0, 9.0, 9.0, 9.0, second.volume),
        ]
        places.candles.upsert(spoilt)
        down = Gap(instrument=mine, start=span.start, end=span.start + MINUTE, cause="venue_down")
        places.candles.remove(mine, down.start, down.end)
        places.candles.record_gaps(mine, down.start, down.end, [down])
        repaired = repair_market_data([perp, spot], settings=settings)
        assert (repaired.taken, repaired.open, repaired.left, repaired.crawled.new) == (2, 3, 0, 3)
        assert {candle.ts: candle for candle in places.candles.read(mine, *span)} == good
        assert list(places.candles.gaps()) == []
        aside = places.candles.aside(mine, *span)
        assert [(one.row, one.replaced) for one in aside] == [(spoilt[0], first), (spoilt[1], second)]
        assert "trades make" in aside[0].reason
        assert next(iter(places.trades.read(Trade, mine, *span))).ts >= span.start
    days = judge_days(1, settings)
    judged = {(row.instrument, row.kind): row for row in days}
    assert (judged[perp, "candles"].stored, judged[perp, "candles"].quarantined) == (30, 0)
    assert judged[perp, "candles"].coverage == judged[perp, "trades"].coverage == 1.0
