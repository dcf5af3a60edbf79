"""HTX's reference rows → instruments with exact steps, worth and limits; states; the traps in them."""

from decimal import Decimal
from typing import Any

import pytest

from jtrader.domain.errors import Broken
from jtrader.domain.instrument import InstrumentStatus, Product
from jtrader.domain.times import HOUR, from_millis
from jtrader.exchange.huobi.listing import (
    FUTURE,
    LINEAR,
    SPOT,
    SWAP,
    UNTOLD_MAX,
    Element,
    elements_of,
    instrument,
    is_of,
)

PAIR = {
    "base-currency": "btc",
    "quote-currency": "usdt",
    "price-precision": 2,
    "amount-precision": 6,
    "symbol": "btcusdt",
    "state": "online",
    "min-order-amt": "0.0001",
    "max-order-amt": "1000.0",
    "min-order-value": "5.0",
    "limit-order-min-order-amt": "0.00001",
    "limit-order-max-order-amt": "1616.4353",
    "sell-market-max-order-amt": "100.50",
    "api-trading": "enabled",
}
SWAP_ROW = {
    "symbol": "BTC",
    "contract_code": "BTC-USD",
    "contract_size": "100.000000000000000000",
    "price_tick": "0.100000000000000000",
    "contract_status": 1,
    "delivery_date": "",
    "delivery_time": "",
}
LINEAR_ROW = SWAP_ROW | {"contract_code": "BTC-USDT", "contract_size": "0.001", "business_type": "swap"}
FUTURE_ROW = SWAP_ROW | {
    "contract_code": "BTC261225",
    "contract_type": "quarter",
    "delivery_date": "20261225",
    "delivery_time": "1798185600000",
}


def test_a_pair() -> None:
    found = instrument(SPOT, PAIR, {})
    assert (found.id, found.product, found.base, found.quote, found.settle) == (
        "huobi_spot:btcusdt",
        Product.SPOT,
        "BTC",
        "USDT",
        "USDT",
    )
    assert (found.price_tick, found.quantity_step) == (Decimal("0.01"), Decimal("0.000001"))
    assert (found.min_quantity, found.max_quantity) == (Decimal("0.00001"), Decimal("1616.4353"))
    assert (found.min_notional, found.market_max_quantity) == (Decimal(5), Decimal("100.5"))
    assert found.ccxt_symbol == "BTC/USDT"


@pytest.mark.parametrize(
    ("market", "row", "product", "settle", "value", "ccxt_symbol"),
    [
        (LINEAR, LINEAR_ROW, Product.LINEAR, "USDT", "0.001", "BTC/USDT:USDT"),
        (SWAP, SWAP_ROW, Product.INVERSE, "BTC", "100", "BTC/USD:BTC"),
        (FUTURE, FUTURE_ROW, Product.INVERSE, "BTC", "100", "BTC/USD:BTC-261225"),
    ],
)
def test_contracts(market: Any, row: Any, product: Product, settle: str, value: str, ccxt_symbol: str) -> None:
    """Counted in whole contracts: ccxt shows the worth of one as the least amount of a linear swap."""
    found = instrument(market, row, {"BTC": Element(Decimal(9000))})
    assert (found.product, found.settle, found.contract_value, found.ccxt_symbol) == (
        product,
        settle,
        Decimal(value),
        ccxt_symbol,
    )
    assert (found.quantity_step, found.min_quantity, found.max_quantity) == (1, 1, 9000)
    assert found.price_tick == Decimal("0.1")
    is_dated = market == FUTURE
    assert found.expiry == (from_millis(1798185600000) if is_dated else None)
    assert found.funding_interval == (0 if is_dated else 8 * HOUR)


def test_exact_numbers_carry_no_zeros_that_say_nothing() -> None:
    assert str(instrument(SWAP, SWAP_ROW, {}).contract_value) == "100"


def test_the_greatest_order_stands_in_the_elements() -> None:
    told: list[Any] = [
        {"contract_code": "BTC", "open_order_limit": "9000.000000"},
        {"contract_code": "ETH", "settle_period": 4},
        {"contract_code": "XRP", "settle_period": "often"},
        {"settle_period": 4},
        None,
    ]
    assert elements_of(told) == {"BTC": Element(Decimal(9000), 8 * HOUR), "ETH": Element(UNTOLD_MAX, 4 * HOUR)}
    assert instrument(SWAP, SWAP_ROW, {}).max_quantity == UNTOLD_MAX
    both = {"BTC-USD": Element(Decimal(5), HOUR), "BTC": Element(Decimal(9))}
    assert instrument(SWAP, SWAP_ROW, both).max_quantity == 5
    assert instrument(SWAP, SWAP_ROW, both).funding_interval == HOUR
    assert instrument(FUTURE, FUTURE_ROW, both).funding_interval == 0


@pytest.mark.parametrize(
    ("market", "row", "status"),
    [
        (SPOT, PAIR, InstrumentStatus.TRADING),
        (SPOT, PAIR | {"state": "suspend"}, InstrumentStatus.HALTED),
        (SPOT, PAIR | {"state": "offline"}, InstrumentStatus.DELISTED),
        (SPOT, PAIR | {"api-trading": "disabled"}, InstrumentStatus.HALTED),
        (SWAP, SWAP_ROW | {"contract_status": 3}, InstrumentStatus.HALTED),
        (SWAP, SWAP_ROW | {"contract_status": "5"}, InstrumentStatus.SETTLING),
        (FUTURE, FUTURE_ROW | {"contract_status": 6}, InstrumentStatus.SETTLING),
        (FUTURE, FUTURE_ROW | {"contract_status": 8}, InstrumentStatus.DELISTED),
        (LINEAR, LINEAR_ROW | {"contract_status": 0}, InstrumentStatus.DELISTED),
    ],
)
def test_states(market: Any, row: Any, status: InstrumentStatus) -> None:
    assert instrument(market, row, {}).status is status


def test_dated_linear_futures_are_no_market_of_ours() -> None:
    assert is_of(LINEAR, LINEAR_ROW)
    assert not is_of(LINEAR, LINEAR_ROW | {"business_type": "futures"})


@pytest.mark.parametrize(
    ("market", "row"),
    [
        (SPOT, PAIR | {"price-precision": "many"}),
        (SPOT, {key: value for key, value in PAIR.items() if key != "symbol"}),
        (SWAP, SWAP_ROW | {"contract_size": 100.5}),  # a float: its digits are not the venue's
        (SWAP, SWAP_ROW | {"price_tick": "0"}),
        (FUTURE, FUTURE_ROW | {"delivery_time": "soon"}),
    ],
)
def test_what_can_not_be_read(market: Any, row: Any) -> None:
    with pytest.raises(Broken, match="can't be read"):
        instrument(market, row, {})
