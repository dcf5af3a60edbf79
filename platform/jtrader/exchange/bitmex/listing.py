"""Rows of /instrument → instruments. Payoff and contract value come from the multipliers, exact; ccxt's are not used:
its contractSize of inverse and quanto contracts is the multiplier in satoshi."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from jtrader.domain.errors import BadInput, Broken, JtraderError
from jtrader.domain.ids import Market, VenueSymbol, instrument_id
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.money import amount
from jtrader.domain.times import HOUR, parse_time
from jtrader.exchange.bitmex.instrument_state import status_of
from jtrader.exchange.bitmex.units import asset_of, unit_of

MARKET = Market("bitmex")

PERPETUAL, FUTURE = "FFWCSX", "FFCCSX"
_KINDS = (PERPETUAL, FUTURE)
_SPAN_FROM = "2000-01-01T00:00:00.000Z"
"""Spans of time are told as the moment that lies so long after this one."""


def is_offered(row: Mapping[str, Any]) -> bool:
    """A perpetual or a dated contract, and not settled yet."""
    return row.get("typ") in _KINDS and row.get("state") in ("Open", "Closed") and bool(row.get("settlCurrency"))


def instrument(row: Mapping[str, Any]) -> Instrument:
    """One row as an instrument. Raises Broken where a field is missing or can't be read."""
    symbol = str(row.get("symbol"))
    try:
        product = product_of(row)
        base, quote, settle = (asset_of(row[name]) for name in ("underlying", "quoteCurrency", "settlCurrency"))
        most = amount(row["maxOrderQty"])
        expiry = parse_time(row["expiry"]) if row.get("expiry") else None
        return Instrument(
            id=instrument_id(MARKET, symbol),
            venue="bitmex",
            market=MARKET,
            venue_symbol=VenueSymbol(symbol),
            ccxt_symbol=_ccxt_symbol(base, quote, settle, row.get("expiry") if row["typ"] == FUTURE else None),
            product=product,
            base=base,
            quote=quote,
            settle=settle,
            price_tick=amount(row["tickSize"]),
            quantity_step=amount(row["lotSize"]),
            min_quantity=amount(row["lotSize"]),
            max_quantity=most,
            market_max_quantity=most,
            contract_value=contract_value(row, product),
            maker_fee=amount(row["makerFee"]),
            taker_fee=amount(row["takerFee"]),
            expiry=expiry,
            funding_interval=_span(row.get("fundingInterval")),
            status=status_of(row["state"]),
        )
    except (KeyError, TypeError, ArithmeticError, JtraderError) as error:
        raise Broken(f"BitMEX's row of {symbol} can't be read ({error!r})") from error


def product_of(row: Mapping[str, Any]) -> Product:
    if row["isInverse"] is True:
        return Product.INVERSE
    return Product.QUANTO if row["isQuanto"] is True else Product.LINEAR


def contract_value(row: Mapping[str, Any], product: Product) -> Decimal:
    """Worth of a contract in smallest units of the settling coin: |multiplier| / P (inverse), multiplier · P (others).

    So one inverse contract is |multiplier| · unit of quote, one linear contract multiplier · unit of base, and a point
    of a quanto multiplier · unit of the settling coin.
    """
    multiplier = amount(row["multiplier"])
    if (multiplier < 0) != (product is Product.INVERSE):
        raise BadInput(f"a multiplier of {multiplier} doesn't go with a {product.value} contract")
    return abs(multiplier) * unit_of(row["settlCurrency"])


def _ccxt_symbol(base: str, quote: str, settle: str, expiry: str | None) -> str:
    return f"{base}/{quote}:{settle}" + (f"-{expiry[2:4]}{expiry[5:7]}{expiry[8:10]}" if expiry else "")


def _span(text: str | None) -> int:
    if not text:
        return 0
    span = parse_time(text) - parse_time(_SPAN_FROM)
    if span <= 0 or span % HOUR:
        raise BadInput(f"a funding interval of {text} is no whole number of hours")
    return span
