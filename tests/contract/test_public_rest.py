"""What every venue's public REST promises its callers: a pause is kept by all of one machine, a row that can't be read
costs no more than itself, and a range without candles is crossed in few requests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fixtures.faults import faults, rule
from fixtures.simulator import BITMEX, HUOBI, Simulator, StartSimulator
from jtrader.domain.errors import Broken, Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, MINUTE, parse_time
from jtrader.exchange.binance.rest import BinanceRest
from jtrader.exchange.bitmex.rest import BitmexRest
from jtrader.exchange.huobi.rest import HuobiRest

START = parse_time("2026-01-13T15:30:00Z")
"""Where the simulator's past begins."""
CASES: dict[str, tuple[Callable[..., Any], str]] = {
    "binance_spot:BTCUSDT": (BinanceRest, "*/klines"),
    "bitmex:XBTUSD": (BitmexRest, "*/trade/bucketed"),
    "huobi_spot:btcusdt": (HuobiRest, "*/history/candles"),
    "huobi_swap:BTC-USD": (HuobiRest, "*/history/kline"),
}


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    return start_simulator(instruments=["binance_spot:BTCUSDT", BITMEX[0], HUOBI[0], HUOBI[4]])


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> tuple[InstrumentId, Callable[..., Any], str]:
    return InstrumentId(request.param), *CASES[request.param]


def test_a_pause_is_kept_by_all_who_share_its_file(
    venue: Simulator, case: tuple[InstrumentId, Callable[..., Any], str], tmp_path: Path
) -> None:
    name, rest, path = case
    market, pause = name.partition(":")[0], tmp_path / "pause"
    with (
        rest(market, venue.uri, patience=0.5, pause_file=pause) as one,
        rest(market, venue.uri, patience=0.5, pause_file=pause) as other,
    ):
        other.candles(name, START, START + MINUTE)  # it has answered once
        refusal = rule("answer", {"path": path, "times": 1}, status=429, headers={"Retry-After": "30"}, body={})
        with faults(venue, refusal), pytest.raises(Unavailable):
            one.candles(name, START, START + MINUTE)
        with pytest.raises(Unavailable, match="asked for a pause"):
            other.candles(name, START, START + MINUTE)


@pytest.fixture
def counted(venue: Simulator) -> Iterator[Callable[[], int]]:
    """How many requests for candles the venue has seen."""
    rules = [rule("hold", {"path": path}, seconds=0) for _, path in CASES.values()]
    with faults(venue, *rules, all_strike=False), httpx.Client(base_url=venue.uri) as http:
        yield lambda: sum(int(one["matched"]) for one in http.get("/sim/faults").json()["rules"])


def test_years_before_the_first_candle_are_crossed_in_few_requests(
    venue: Simulator, case: tuple[InstrumentId, Callable[..., Any], str], counted: Callable[[], int]
) -> None:
    name, rest, _ = case
    with rest(name.partition(":")[0], venue.uri) as asked:
        found = asked.candles(name, START - 1_000 * DAY, START + 3 * MINUTE)
        assert [one.ts for one in found][:3] == [START, START + MINUTE, START + 2 * MINUTE]
        assert asked.candles(name, START - 1_000 * DAY, START - 900 * DAY) == []
        assert counted() <= 10


@pytest.mark.parametrize("answer", [{"data": []}, {"data": [{"close": "x"}]}, {"data": None}])
def test_a_mark_that_cant_be_read_is_named(venue: Simulator, answer: dict[str, Any]) -> None:
    body = {"status": "ok", "ts": START // 10**6, **answer}
    with (
        HuobiRest("huobi_swap", venue.uri) as rest,
        faults(venue, rule("answer", {"path": "*mark_price*"}, status=200, body=body)),
        pytest.raises(Broken, match="mark of huobi_swap:BTC-USD"),
    ):
        rest.mark(InstrumentId("huobi_swap:BTC-USD"))
