"""Rows of /instrument become instruments: payoff and contract value from the multipliers, in exact decimals."""

from decimal import Decimal
from typing import Any

import pytest

from jtrader.domain.errors import Broken
from jtrader.domain.instrument import InstrumentStatus, Product
from jtrader.domain.times import HOUR, parse_time
from jtrader.exchange.bitmex.listing import instrument, is_offered

XBTUSD: dict[str, Any] = {
    "symbol": "XBTUSD",
    "state": "Open",
    "typ": "FFWCSX",
    "expiry": None,
    "underlying": "XBT",
    "quoteCurrency": "USD",
    "maxOrderQty": 10000000,
    "lotSize": 100,
    "tickSize": "0.1",
    "multiplier": -100000000,
    "settlCurrency": "XBt",
    "isQuanto": False,
    "isInverse": True,
    "makerFee": "-0.0001",
    "takerFee": "0.0005",
    "fundingInterval": "2000-01-01T08:00:00.000Z",
}
LINEAR = {"isInverse": False, "multiplier": 1, "settlCurrency": "USDt", "quoteCurrency": "USDT", "symbol": "XBTUSDT"}
LTC = LINEAR | {"underlying": "LTC", "multiplier": 100, "symbol": "LTCUSDT"}
QUANTO = {"isInverse": False, "isQuanto": True, "multiplier": 100, "underlying": "ETH", "symbol": "ETHUSD"}
DATED = {
    "symbol": "XBTZ26",
    "typ": "FFCCSX",
    "expiry": "2026-12-25T12:00:00.000Z",
    "fundingInterval": None,
}


@pytest.mark.parametrize(
    ("fields", "product", "value", "name"),
    [
        ({}, Product.INVERSE, "1", "BTC/USD:BTC"),
        (LINEAR, Product.LINEAR, "0.000001", "BTC/USDT:USDT"),
        (LTC, Product.LINEAR, "0.0001", "LTC/USDT:USDT"),
        (QUANTO, Product.QUANTO, "0.000001", "ETH/USD:BTC"),
        (DATED, Product.INVERSE, "1", "BTC/USD:BTC-261225"),
    ],
)
def test_the_kinds_of_contract(fields: dict[str, Any], product: Product, value: str, name: str) -> None:
    told = instrument(XBTUSD | fields)
    assert (told.product, told.contract_value, told.ccxt_symbol) == (product, Decimal(value), name)
    assert (told.price_tick, told.quantity_step, told.min_quantity) == (Decimal("0.1"), 100, 100)
    assert (told.maker_fee, told.taker_fee) == (Decimal("-0.0001"), Decimal("0.0005"))
    is_dated = fields is DATED
    assert told.expiry == (parse_time("2026-12-25T12:00:00Z") if is_dated else None)
    assert told.funding_interval == (0 if is_dated else 8 * HOUR)


@pytest.mark.parametrize(("state", "status"), [("Open", InstrumentStatus.TRADING), ("Closed", InstrumentStatus.HALTED)])
def test_states(state: str, status: InstrumentStatus) -> None:
    assert instrument(XBTUSD | {"state": state}).status is status


@pytest.mark.parametrize(
    ("fields", "offered"),
    [
        ({}, True),
        ({"state": "Closed"}, True),
        ({"state": "Settled"}, False),
        ({"state": "Unlisted"}, False),
        ({"typ": "IFXXXP"}, False),
        ({"typ": "MRCXXX"}, False),
        ({"settlCurrency": ""}, False),
    ],
)
def test_what_is_offered(fields: dict[str, Any], offered: bool) -> None:
    assert is_offered(XBTUSD | fields) is offered


@pytest.mark.parametrize(
    "wrong",
    [
        {"multiplier": 100000000},
        {"multiplier": None},
        {"settlCurrency": "DOGe"},
        {"tickSize": 0.1},
        {"tickSize": "0"},
        {"lotSize": "a lot"},
        {"expiry": "soon"},
        {"fundingInterval": "2000-01-01T00:30:00.000Z"},
    ],
)
def test_a_row_that_can_not_be_read_is_broken(wrong: dict[str, Any]) -> None:
    with pytest.raises(Broken, match="XBTUSD can't be read"):
        instrument(XBTUSD | wrong)
