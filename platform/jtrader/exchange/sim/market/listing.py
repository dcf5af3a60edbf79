"""The instruments that can be simulated, with the steps and limits of the venues' own rows.

Binance: exchangeInfo of spot, USDT-M and COIN-M. BitMEX: /instrument/active. HTX: /v1/common/symbols and the contracts'
contract_info. Quantities of contracts are whole contracts (XBTUSD: in lots of 100). Beside the named ones there are
synthetic USDT-M perpetuals, COIN01USDT to COIN99USDT, for markets of many instruments.
"""

import re
from decimal import Decimal
from typing import Any

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market, VenueSymbol, instrument_id
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.times import HOUR, parse_time

FUNDING_INTERVAL = 8 * HOUR

_SYNTHETIC = re.compile(r"^binance_usdm:(COIN(?!00)[0-9]{2})USDT$")


def _listed(market: str, symbol: str, ccxt_symbol: str, product: Product, **rules: str | None) -> Instrument:
    """The coins are those of the unified symbol; `rules` are exact strings."""
    base, _, rest = ccxt_symbol.partition("/")
    quote, _, rest = rest.partition(":")
    settle = rest.partition("-")[0] or quote
    expiry = rules.pop("expiry", None)
    rules.setdefault("min_quantity", rules["quantity_step"])
    derivative = product is not Product.SPOT
    numbers: dict[str, Any] = {name: Decimal(value) for name, value in rules.items() if value}
    return Instrument(
        id=instrument_id(market, symbol),
        venue=market.partition("_")[0],
        market=Market(market),
        venue_symbol=VenueSymbol(symbol),
        ccxt_symbol=ccxt_symbol,
        product=product,
        base=base,
        quote=quote,
        settle=settle,
        expiry=None if expiry is None else parse_time(expiry),
        funding_interval=FUNDING_INTERVAL if derivative and expiry is None else 0,
        **numbers,
    )


def _usdm(base: str, tick: str, step: str, most: str, at_market: str, min_notional: str) -> Instrument:
    return _listed(
        "binance_usdm", f"{base}USDT", f"{base}/USDT:USDT", Product.LINEAR, price_tick=tick, quantity_step=step,
        max_quantity=most, market_max_quantity=at_market, min_notional=min_notional,
        maker_fee="0.0002", taker_fee="0.0005",
    )  # fmt: skip


def _coinm(symbol: str, ccxt_symbol: str, tick: str, value: str, expiry: str | None = None) -> Instrument:
    return _listed(
        "binance_coinm", symbol, ccxt_symbol, Product.INVERSE, price_tick=tick, quantity_step="1", contract_value=value,
        max_quantity="1000000", market_max_quantity="60000", maker_fee="0.0001", taker_fee="0.0005", expiry=expiry,
    )  # fmt: skip


def _spot(base: str, step: str, at_market: str) -> Instrument:
    return _listed(
        "binance_spot", f"{base}USDT", f"{base}/USDT", Product.SPOT, price_tick="0.01", quantity_step=step,
        max_quantity="9000", market_max_quantity=at_market, min_notional="5", maker_fee="0.001", taker_fee="0.001",
    )  # fmt: skip


def _bitmex(
    symbol: str,
    ccxt_symbol: str,
    product: Product,
    tick: str,
    lot: str,
    value: str,
    most: str = "10000000",
    **rules: Any,
) -> Instrument:
    return _listed(
        "bitmex", symbol, ccxt_symbol, product, price_tick=tick, quantity_step=lot, contract_value=value,
        max_quantity=most, market_max_quantity=most, maker_fee="-0.0001", taker_fee="0.0005", **rules,
    )  # fmt: skip


def _huobi_spot(base: str, step: str, least: str, most: str) -> Instrument:
    return _listed(
        "huobi_spot", f"{base.lower()}usdt", f"{base}/USDT", Product.SPOT, price_tick="0.01", quantity_step=step,
        min_quantity=least, max_quantity=most, market_max_quantity=most, min_notional="1",
        maker_fee="0.002", taker_fee="0.002",
    )  # fmt: skip


def _huobi_contract(
    market: str, symbol: str, ccxt_symbol: str, product: Product, tick: str, value: str, expiry: str | None = None
) -> Instrument:
    return _listed(
        market, symbol, ccxt_symbol, product, price_tick=tick, quantity_step="1", contract_value=value,
        max_quantity="170000", market_max_quantity="85000", maker_fee="0.0002", taker_fee="0.0005", expiry=expiry,
    )  # fmt: skip


LISTED: dict[InstrumentId, Instrument] = {
    instrument.id: instrument
    for instrument in (
        _usdm("BTC", "0.1", "0.001", "1000", "120", "100"),
        _usdm("ETH", "0.01", "0.001", "10000", "2000", "20"),
        _spot("BTC", "0.00001", "100"),
        _spot("ETH", "0.0001", "2000"),
        _coinm("BTCUSD_PERP", "BTC/USD:BTC", "0.1", "100"),
        _coinm("ETHUSD_PERP", "ETH/USD:ETH", "0.01", "10"),
        _coinm("BTCUSD_261225", "BTC/USD:BTC-261225", "0.1", "100", "2026-12-25T08:00:00Z"),
        _bitmex("XBTUSD", "BTC/USD:BTC", Product.INVERSE, "0.1", "100", "1", "10000000"),
        _bitmex("XBTUSDT", "BTC/USDT:USDT", Product.LINEAR, "0.1", "100", "0.000001", "1000000000"),
        _bitmex("ETHUSD", "ETH/USD:BTC", Product.QUANTO, "0.05", "1", "0.000001", "10000000"),
        _bitmex(
            "XBTZ26",
            "BTC/USD:BTC-261225",
            Product.INVERSE,
            "0.1",
            "100",
            "1",
            "10000000",
            expiry="2026-12-25T12:00:00Z",
        ),
        _huobi_spot("BTC", "0.000001", "0.00001", "10000"),
        _huobi_spot("ETH", "0.0001", "0.0001", "100000"),
        _huobi_contract("huobi_linear", "BTC-USDT", "BTC/USDT:USDT", Product.LINEAR, "0.1", "0.001"),
        _huobi_contract("huobi_linear", "ETH-USDT", "ETH/USDT:USDT", Product.LINEAR, "0.01", "0.01"),
        _huobi_contract("huobi_swap", "BTC-USD", "BTC/USD:BTC", Product.INVERSE, "0.1", "100"),
        _huobi_contract("huobi_swap", "ETH-USD", "ETH/USD:ETH", Product.INVERSE, "0.01", "10"),
        _huobi_contract(
            "huobi_future", "BTC261225", "BTC/USD:BTC-261225", Product.INVERSE, "0.1", "100", "2026-12-25T08:00:00Z"
        ),
    )
}


def listed(instrument: InstrumentId) -> Instrument:
    """Raises BadInput for an instrument that the simulator doesn't know."""
    if instrument in LISTED:
        return LISTED[instrument]
    synthetic = _SYNTHETIC.match(instrument)
    if synthetic is None:
        raise BadInput(
            f"instrument '{instrument}' can't be simulated; known are {', '.join(LISTED)}, "
            "and binance_usdm:COIN01USDT to COIN99USDT"
        )
    return _usdm(synthetic[1], "0.001", "0.1", "1000000", "100000", "5")
