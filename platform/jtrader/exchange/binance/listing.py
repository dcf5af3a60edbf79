"""Rows of Binance's exchangeInfo → instruments. Every exact number comes from the venue's own strings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from jtrader.domain.errors import Broken, JtraderError
from jtrader.domain.ids import Market, VenueSymbol, instrument_id
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.money import ZERO, amount

SPOT = Market("binance_spot")
USDM = Market("binance_usdm")

# (maker, taker) of a new account; exchangeInfo tells no fees. To estimate with: what is booked is read from the fill.
# https://www.binance.com/en/fee/schedule
FEES = {
    SPOT: (Decimal("0.001"), Decimal("0.001")),
    USDM: (Decimal("0.0002"), Decimal("0.0005")),
}


def is_offered(market: Market, row: Mapping[str, Any]) -> bool:
    """Traded now, and of a kind we know: spot pairs, and perpetuals of USDT-M."""
    if row.get("status") != "TRADING":
        return False
    return market == SPOT or row.get("contractType") == "PERPETUAL"


def instrument(market: Market, row: Mapping[str, Any], ccxt_symbol: str) -> Instrument:
    """One row as an instrument. Raises Broken when a filter is missing or unreadable."""
    symbol = str(row.get("symbol"))
    maker, taker = FEES[market]
    try:
        filters = {rule["filterType"]: rule for rule in row["filters"]}
        lot = filters["LOT_SIZE"]
        return Instrument(
            id=instrument_id(market, symbol),
            venue="binance",
            market=market,
            venue_symbol=VenueSymbol(symbol),
            ccxt_symbol=ccxt_symbol,
            product=Product.SPOT if market == SPOT else Product.LINEAR,
            base=row["baseAsset"],
            quote=row["quoteAsset"],
            settle=row["quoteAsset"] if market == SPOT else row["marginAsset"],
            price_tick=amount(filters["PRICE_FILTER"]["tickSize"]),
            quantity_step=amount(lot["stepSize"]),
            min_quantity=amount(lot["minQty"]),
            max_quantity=_smallest_maximum(lot, filters.get("MARKET_LOT_SIZE", {})),
            min_notional=_min_notional(filters),
            maker_fee=maker,
            taker_fee=taker,
        )
    except (KeyError, TypeError, JtraderError) as error:
        raise Broken(f"exchangeInfo of {market}: the row of {symbol} can't be read ({error!r})") from error


def _smallest_maximum(*lots: Mapping[str, str]) -> Decimal:
    """What both limit and market orders may have: the smaller maximum; zero means no rule."""
    return min(limit for lot in lots if (limit := amount(lot.get("maxQty", "0"))) > 0)


def _min_notional(filters: Mapping[str, Mapping[str, str]]) -> Decimal:
    """USDT-M: MIN_NOTIONAL.notional; spot: NOTIONAL.minNotional (MIN_NOTIONAL.minNotional on older rows)."""
    rule = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    text = rule.get("minNotional") or rule.get("notional")
    return amount(text) if text else ZERO
