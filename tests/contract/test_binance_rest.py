"""What Binance's REST tells of three markets beside candles: trades by number, funding, open interest, whole books."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from fixtures.simulator import BINANCE, COINM, Simulator, StartSimulator
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Product
from jtrader.domain.market import Trade
from jtrader.domain.times import DAY, HOUR, MINUTE, SECOND
from jtrader.exchange.binance.rest import BinanceRest

NAMES = {
    "binance_spot": "binance_spot:BTCUSDT",
    "binance_usdm": "binance_usdm:BTCUSDT",
    "binance_coinm": "binance_coinm:BTCUSD_PERP",
}


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    simulator = start_simulator(instruments=[BINANCE[0], BINANCE[2], *COINM])
    simulator.add_account("shown", "never sent", {})
    simulator.run_for(120)
    return simulator


@pytest.fixture(scope="module", params=list(NAMES))
def rest(request: pytest.FixtureRequest, venue: Simulator) -> Iterator[BinanceRest]:
    with BinanceRest(request.param, venue.uri, api_key="shown") as made:
        made.name = InstrumentId(NAMES[request.param])  # type: ignore[attr-defined]
        yield made


def name_of(rest: BinanceRest) -> InstrumentId:
    return rest.name  # type: ignore[attr-defined, no-any-return]


def pages(rest: BinanceRest, start: int, end: int) -> list[Trade]:
    """As a crawl asks: each page from behind the last."""
    found: list[Trade] = []
    page = rest.trades(name_of(rest), start, end)
    while page:
        found += page
        page = [t for t in rest.trades_from(name_of(rest), int(page[-1].trade_id) + 1) if t.ts < end]
    return found


def test_trades_of_a_range_are_whole_and_each_once(venue: Simulator, rest: BinanceRest) -> None:
    end = venue.now
    start = end - 10 * MINUTE
    found = pages(rest, start, end)
    assert len(found) > 10
    assert all(int(later.trade_id) == int(earlier.trade_id) + 1 for earlier, later in pairwise(found))
    assert all(start <= trade.ts < end for trade in found)
    before = rest.trades_from(name_of(rest), int(found[0].trade_id) - 1)[0]
    assert before.ts < start
    assert rest.trades(name_of(rest), end + HOUR, end + DAY) == []
    assert all(trade.price > 0 and trade.quantity > 0 and trade.side in (1, -1) for trade in found)


def test_without_a_key_the_newest_trades_alone_are_told(venue: Simulator, rest: BinanceRest) -> None:
    name = name_of(rest)
    newest = pages(rest, venue.now - 10 * MINUTE, venue.now)[-1]
    with BinanceRest(name.partition(":")[0], venue.uri) as stranger:
        assert stranger.trades_from(name, int(newest.trade_id)) == [newest]
        with pytest.raises(BadInput, match="to API keys only"):
            stranger.trades_from(name, 1)


def test_funding_is_told_of_perpetuals(venue: Simulator, rest: BinanceRest) -> None:
    found = rest.funding(name_of(rest), venue.now - DAY, venue.now)
    if name_of(rest).startswith("binance_spot"):
        assert found == []
        return
    assert len(found) == 3
    assert all(one.ts % (8 * HOUR) < SECOND and abs(one.rate) < 0.01 for one in found)
    assert all(later.ts > earlier.ts for earlier, later in pairwise(found))
    assert rest.funding(name_of(rest), found[1].ts, found[1].ts + 1) == [found[1]]


def test_open_interest_is_told_of_contracts(venue: Simulator, rest: BinanceRest) -> None:
    found = rest.open_interest(name_of(rest), venue.now - HOUR, venue.now)
    if name_of(rest).startswith("binance_spot"):
        assert found == []
        return
    assert len(found) >= 11
    assert all(one.quantity >= 0 and one.ts % (5 * MINUTE) == 0 for one in found)


def test_a_whole_book_is_sorted_and_not_crossed(rest: BinanceRest) -> None:
    whole = rest.book(name_of(rest))
    assert whole.number > 0
    assert whole.bids[0][0] < whole.asks[0][0]
    assert [price for price, _ in whole.bids] == sorted((p for p, _ in whole.bids), reverse=True)
    assert [price for price, _ in whole.asks] == sorted(p for p, _ in whole.asks)


def test_what_coin_margined_contracts_are(venue: Simulator) -> None:
    with BinanceRest("binance_coinm", venue.uri) as rest:
        found = {one.venue_symbol: one for one in rest.instruments()}
        btc, eth, dated = (found[symbol] for symbol in ("BTCUSD_PERP", "ETHUSD_PERP", "BTCUSD_261225"))
        assert rest.open_interest(dated.id, venue.now - HOUR, venue.now)
        assert rest.funding(dated.id, venue.now - DAY, venue.now) == []
        (minute,) = rest.candles(btc.id, venue.now // MINUTE * MINUTE - MINUTE, venue.now)
        assert minute.volume < 1_000, "in coins, not in contracts"
    assert {one.product for one in found.values()} == {Product.INVERSE}
    assert (btc.contract_value, eth.contract_value, btc.settle, eth.settle) == (100, 10, "BTC", "ETH")
    assert (btc.ccxt_symbol, dated.ccxt_symbol) == ("BTC/USD:BTC", "BTC/USD:BTC-261225")
    assert (btc.expiry, btc.funding_interval, dated.funding_interval) == (None, 8 * HOUR, 0)
    assert dated.expiry is not None
    assert dated.expiry % DAY == 8 * HOUR
