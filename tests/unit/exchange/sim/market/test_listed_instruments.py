"""Every instrument that can be simulated: its venue's steps, and a market around one common price."""

from decimal import Decimal
from functools import cache

import numpy as np
import pytest

from fixtures.simmarket import LIVE_START, aggregate, plan
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Product
from jtrader.domain.times import DAY, HOUR, MINUTE, iso
from jtrader.exchange.sim.market.figures import lot_in_base
from jtrader.exchange.sim.market.funding import next_funding, settles_funding
from jtrader.exchange.sim.market.listing import LISTED, listed
from jtrader.exchange.sim.market.market import SimMarket, build_market
from jtrader.venue.bounds import listing_of

SPOT, LINEAR, INVERSE, QUANTO = Product.SPOT, Product.LINEAR, Product.INVERSE, Product.QUANTO
RULES = [
    # instrument, unified symbol, product, tick, step, contract value, settles in
    ("binance_spot:BTCUSDT", "BTC/USDT", SPOT, "0.01", "0.00001", "1", "USDT"),
    ("binance_usdm:BTCUSDT", "BTC/USDT:USDT", LINEAR, "0.1", "0.001", "1", "USDT"),
    ("binance_coinm:BTCUSD_PERP", "BTC/USD:BTC", INVERSE, "0.1", "1", "100", "BTC"),
    ("binance_coinm:ETHUSD_PERP", "ETH/USD:ETH", INVERSE, "0.01", "1", "10", "ETH"),
    ("binance_coinm:BTCUSD_261225", "BTC/USD:BTC-261225", INVERSE, "0.1", "1", "100", "BTC"),
    ("bitmex:XBTUSD", "BTC/USD:BTC", INVERSE, "0.1", "100", "1", "BTC"),
    ("bitmex:XBTUSDT", "BTC/USDT:USDT", LINEAR, "0.1", "100", "0.000001", "USDT"),
    ("bitmex:ETHUSD", "ETH/USD:BTC", QUANTO, "0.05", "1", "0.000001", "BTC"),
    ("bitmex:XBTZ26", "BTC/USD:BTC-261225", INVERSE, "0.1", "100", "1", "BTC"),
    ("huobi_spot:btcusdt", "BTC/USDT", SPOT, "0.01", "0.000001", "1", "USDT"),
    ("huobi_linear:BTC-USDT", "BTC/USDT:USDT", LINEAR, "0.1", "1", "0.001", "USDT"),
    ("huobi_swap:BTC-USD", "BTC/USD:BTC", INVERSE, "0.1", "1", "100", "BTC"),
    ("huobi_swap:ETH-USD", "ETH/USD:ETH", INVERSE, "0.01", "1", "10", "ETH"),
    ("huobi_future:BTC261225", "BTC/USD:BTC-261225", INVERSE, "0.1", "1", "100", "BTC"),
]
EXPIRIES = {
    "binance_coinm:BTCUSD_261225": "2026-12-25T08:00:00Z",
    "bitmex:XBTZ26": "2026-12-25T12:00:00Z",
    "huobi_future:BTC261225": "2026-12-25T08:00:00Z",
}
COINS = tuple(InstrumentId(f"binance_usdm:COIN{number:02d}USDT") for number in range(1, 13))


@cache
def everything() -> SimMarket:
    return build_market(plan(instruments=tuple(LISTED), days=1))


@pytest.mark.parametrize(("name", "symbol", "product", "tick", "step", "value", "settle"), RULES)
def test_the_venues_own_steps(
    name: str, symbol: str, product: Product, tick: str, step: str, value: str, settle: str
) -> None:
    rules = LISTED[InstrumentId(name)]
    assert (rules.ccxt_symbol, rules.product, rules.settle) == (symbol, product, settle)
    assert (rules.price_tick, rules.quantity_step) == (Decimal(tick), Decimal(step))
    assert rules.contract_value == Decimal(value)
    assert (iso(rules.expiry) if rules.expiry else None) == EXPIRIES.get(name)
    assert (rules.funding_interval == 8 * HOUR) == (product is not SPOT and name not in EXPIRIES)


@pytest.mark.parametrize("instrument", list(LISTED))
def test_each_has_a_listing_and_a_market_near_its_base(instrument: InstrumentId) -> None:
    market, rules = everything(), LISTED[instrument]
    assert listing_of(rules).symbol == rules.venue_symbol
    usual = {"BTC": 105_000, "ETH": 2_600}[rules.base]
    klines = market.klines(instrument, LIVE_START - HOUR, LIVE_START)
    assert klines[-1].close * float(rules.price_tick) == pytest.approx(usual, rel=0.08 if rules.expiry else 0.01)
    assert float(market.index(instrument, LIVE_START)) == pytest.approx(usual, rel=0.01)
    minute = klines[30]
    assert aggregate(minute.minute_ns, market.prints(instrument, minute.minute_ns)) == minute
    turnover = np.median([kline.volume for kline in klines]) * lot_in_base(rules) * usual
    assert 10_000 < turnover < 30_000_000, "dollars a minute"
    book = market.flow(instrument).opening_book()
    assert len(book) > 30


def test_bases_agree_across_venues_and_dated_contracts_carry() -> None:
    market = everything()
    marks = {i: float(market.mark(i, LIVE_START)) for i in LISTED if LISTED[i].base == "BTC"}
    near = [mark for i, mark in marks.items() if LISTED[i].expiry is None]
    assert max(near) / min(near) - 1 < 0.001
    assert len(set(near)) == len(near), "each venue has a basis of its own"
    for i, mark in marks.items():
        if LISTED[i].expiry is not None:
            years = (LISTED[i].expiry - LIVE_START) / (365 * DAY)
            assert mark / np.mean(near) - 1 == pytest.approx(0.06 * years, abs=0.008)


def test_a_dated_contract_meets_its_index_at_expiry() -> None:
    name = InstrumentId("bitmex:XBTZ26")
    market = build_market(plan(instruments=(name,), expiries={name: LIVE_START + 4 * MINUTE}))
    at_expiry = market.mark(name, LIVE_START + 4 * MINUTE) / market.index(name, LIVE_START + 4 * MINUTE)
    assert float(at_expiry) == pytest.approx(1, abs=2e-4)


INSTANTS = [("binance_usdm:BTCUSDT", (0, 8, 16)), ("huobi_swap:BTC-USD", (0, 8, 16)), ("bitmex:XBTUSD", (4, 12, 20))]


@pytest.mark.parametrize(("name", "hours"), INSTANTS)
def test_funding_instants_of_a_venue(name: str, hours: tuple[int, ...]) -> None:
    rules = LISTED[InstrumentId(name)]
    day = LIVE_START // DAY * DAY
    assert [hour for hour in range(24) if settles_funding(rules, day + hour * HOUR)] == list(hours)
    assert next_funding(rules, day + hours[1] * HOUR) == day + hours[2] * HOUR
    assert next_funding(rules, day + hours[1] * HOUR - 1) == day + hours[1] * HOUR
    rates = [everything().funding_rate(rules.id, day + hour * HOUR) for hour in hours]
    assert len(set(rates)) > 1
    with pytest.raises(BadInput, match="on BitMEX at 04, 12 and 20"):
        everything().funding_rate(rules.id, day + (hours[0] + 1) * HOUR)


def test_many_synthetic_perpetuals_follow_the_leader_each_in_its_own_way() -> None:
    market = build_market(plan(instruments=("binance_usdm:BTCUSDT", *COINS), days=2))
    closes = {
        i: np.log([kline.close for kline in market.klines(i, LIVE_START - 2 * DAY, LIVE_START)])
        for i in ("binance_usdm:BTCUSDT", *COINS)
    }
    returns = {i: np.diff(closes[i][::5]) for i in closes}
    leader = returns["binance_usdm:BTCUSDT"]
    shared = [np.corrcoef(leader, returns[i])[0, 1] for i in COINS]
    assert min(shared) > 0.2
    assert max(shared) < 0.95
    prices = [closes[i][-1] for i in COINS]
    assert len({round(price, 3) for price in prices}) == len(COINS)
    assert listed(COINS[0]).venue_symbol == "COIN01USDT"


@pytest.mark.parametrize("name", ["binance_usdm:COIN00USDT", "binance_usdm:COIN1USDT", "binance_spot:COIN01USDT", "x"])
def test_an_unknown_instrument_is_told_what_is_known(name: str) -> None:
    with pytest.raises(BadInput, match="COIN01USDT to COIN99USDT"):
        listed(InstrumentId(name))
