"""HTX's public REST on all four markets, against the simulator: what it lists, serves page by page, and refuses."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from fixtures.simulator import HUOBI, Simulator, StartSimulator
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.ids import InstrumentId, split_instrument_id
from jtrader.domain.instrument import Instrument
from jtrader.domain.times import DAY, HOUR, MINUTE, parse_time
from jtrader.exchange.huobi.rest import HuobiRest
from jtrader.exchange.sim.market.listing import listed

FIRST = {
    "huobi_spot": "huobi_spot:btcusdt",
    "huobi_linear": "huobi_linear:BTC-USDT",
    "huobi_swap": "huobi_swap:BTC-USD",
    "huobi_future": "huobi_future:BTC261225",
}
START = parse_time("2026-01-13T15:30:00Z")
LIVE = parse_time("2026-01-15T15:30:00Z")


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    simulator = start_simulator(instruments=HUOBI)
    simulator.run_for(90)
    return simulator


@pytest.fixture(scope="module", params=list(FIRST))
def rest(request: pytest.FixtureRequest, venue: Simulator) -> Iterator[HuobiRest]:
    with HuobiRest(request.param, venue.uri) as made:
        made.market = request.param  # type: ignore[attr-defined]
        yield made


def name_of(rest: Any) -> InstrumentId:
    return InstrumentId(FIRST[rest.market])


def test_the_rules_are_the_venue_s_own(rest: HuobiRest) -> None:
    found = {one.id: one for one in rest.instruments()}
    for name in (InstrumentId(one) for one in HUOBI if split_instrument_id(one)[0] == rest.market):  # type: ignore[attr-defined]
        assert rules(found[name]) == rules(listed(name))


def rules(one: Instrument) -> tuple[Any, ...]:
    """What the venue's rows tell, which is all but fees and schedule."""
    return (
        one.product,
        one.base,
        one.quote,
        one.settle,
        one.price_tick,
        one.quantity_step,
        one.min_quantity,
        one.max_quantity,
        one.min_notional,
        one.contract_value,
        one.expiry,
        one.ccxt_symbol,
        one.status,
    )


def test_closed_candles_page_by_page_without_a_hole(rest: HuobiRest) -> None:
    name, start, found = name_of(rest), START, []
    while page := rest.candles(name, start, LIVE + DAY):
        assert len(page) <= 2_000
        found += page
        start = page[-1].ts + MINUTE
    assert [one.ts for one in found] == list(range(START, LIVE + MINUTE, MINUTE))  # the minute in progress is left out
    assert rest.candles(name, LIVE + MINUTE, LIVE + DAY) == []
    assert [one.ts for one in rest.candles(name, START + 1, START + 3 * MINUTE)] == [START + MINUTE, START + 2 * MINUTE]


def test_the_last_trades_by_time_and_by_number(rest: HuobiRest) -> None:
    name = name_of(rest)
    found = rest.trades(name, 0, 2**62)
    numbers = [int(one.trade_id) for one in found]
    assert len(found) >= 2_000
    assert numbers == sorted(set(numbers))
    assert all(newer.ts >= older.ts for older, newer in itertools.pairwise(found))
    middle = found[len(found) // 2]
    assert rest.trades_from(name, int(middle.trade_id)) == found[len(found) // 2 :]
    within = rest.trades(name, middle.ts, found[-1].ts)
    assert within
    assert all(middle.ts <= one.ts < found[-1].ts for one in within)


def test_settled_funding_at_the_venue_s_instants(rest: HuobiRest) -> None:
    found = rest.funding(name_of(rest), START, LIVE + HOUR)
    if name_of(rest) in (FIRST["huobi_spot"], FIRST["huobi_future"]):
        assert found == []
        return
    assert [one.ts for one in found] == [parse_time(f"2026-01-{at}:00:00Z") for at in FUNDED]
    assert rest.funding(name_of(rest), found[1].ts, found[2].ts) == [found[1]]


FUNDED = ("13T16", "14T00", "14T08", "14T16", "15T00", "15T08")


def test_open_interest_by_the_hour(rest: HuobiRest) -> None:
    found = rest.open_interest(name_of(rest), 0, 2**62)
    if name_of(rest) == FIRST["huobi_spot"]:
        assert found == []
        return
    assert len(found) >= 24
    assert all(one.ts % HOUR == 0 and one.quantity > 0 for one in found)
    assert rest.open_interest(name_of(rest), found[1].ts, found[3].ts) == list(found[1:3])


def test_marks_come_with_index_and_predicted_funding(rest: HuobiRest) -> None:
    mark = rest.mark(name_of(rest))
    if name_of(rest) == FIRST["huobi_spot"]:
        assert mark is None
        return
    assert mark is not None
    assert mark.mark == pytest.approx(mark.index, rel=0.1)
    assert LIVE <= mark.ts <= LIVE + 2 * MINUTE
    is_dated = name_of(rest) == FIRST["huobi_future"]
    assert mark.next_funding == (0 if is_dated else parse_time("2026-01-15T16:00:00Z"))


def test_market_time_is_the_market_s_not_the_wall_s(rest: HuobiRest) -> None:
    assert LIVE + 90 * 10**9 <= rest.market_time() <= LIVE + 91 * 10**9


def test_what_is_not_listed_is_named(rest: HuobiRest) -> None:
    market = rest.market  # type: ignore[attr-defined]
    with pytest.raises(BadInput, match="does not know this symbol"):
        rest.trades(InstrumentId(f"{market}:DOGE-NOT"), 0, 1)
    with pytest.raises(BadInput, match="is not on"):
        rest.candles(InstrumentId("binance_spot:BTCUSDT"), START, LIVE)


def test_a_venue_that_is_away_is_unavailable(venue: Simulator) -> None:
    with (
        HuobiRest("huobi_spot", "http://127.0.0.1:9", patience=0.3) as away,
        pytest.raises(Unavailable, match="did not"),
    ):
        away.instruments()


def test_a_market_that_is_none_of_htx() -> None:
    with pytest.raises(BadInput, match="not one of HTX's"):
        HuobiRest("huobi_option")
