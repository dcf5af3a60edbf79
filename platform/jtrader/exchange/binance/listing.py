"""Rows of Binance's exchangeInfo → instruments. Every exact number comes from the venue's own strings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from jtrader.domain.errors import Broken, JtraderError
from jtrader.domain.ids import Market, VenueSymbol, instrument_id
from jtrader.domain.instrument import Instrument, InstrumentStatus, Product
from jtrader.domain.money import ONE, ZERO, amount
from jtrader.domain.times import HOUR, from_millis

SPOT = Market("binance_spot")
USDM = Market("binance_usdm")
COINM = Market("binance_coinm")

_PRODUCTS = {SPOT: Product.SPOT, USDM: Product.LINEAR, COINM: Product.INVERSE}

# (maker, taker) of a new account; exchangeInfo tells no fees. To estimate with: what is booked is read from the fill.
# https://www.binance.com/en/fee/schedule
FEES = {
    SPOT: (Decimal("0.001"), Decimal("0.001")),
    USDM: (Decimal("0.0002"), Decimal("0.0005")),
    COINM: (Decimal("0.0001"), Decimal("0.0005")),
}


_STATUS = {
    "TRADING": InstrumentStatus.TRADING,
    "SETTLING": InstrumentStatus.SETTLING,
    "PRE_SETTLE": InstrumentStatus.SETTLING,
    "PRE_DELIVERING": InstrumentStatus.SETTLING,
    "DELIVERING": InstrumentStatus.SETTLING,
    "DELIVERED": InstrumentStatus.DELISTED,
    "CLOSE": InstrumentStatus.DELISTED,
}
"""`status` of spot and USDT-M, `contractStatus` of COIN-M; all others (BREAK, HALT, PENDING_TRADING …) are halts."""

_CONTRACTS = ("PERPETUAL", "CURRENT_QUARTER", "NEXT_QUARTER")
_FUNDING_HOURS = 8
"""Of a perpetual that fundingInfo doesn't name: it tells those that differ."""


def is_offered(market: Market, row: Mapping[str, Any]) -> bool:
    """Of a kind we know: spot pairs, perpetuals and quarterly contracts; not what is gone for good."""
    if _status(row) is InstrumentStatus.DELISTED:
        return False
    return market == SPOT or row.get("contractType") in _CONTRACTS


def _status(row: Mapping[str, Any]) -> InstrumentStatus:
    return _STATUS.get(str(row.get("contractStatus") or row.get("status")), InstrumentStatus.HALTED)


def instrument(market: Market, row: Mapping[str, Any], ccxt_symbol: str, funding_hours: Any = None) -> Instrument:
    """One row as an instrument; `funding_hours` is fundingInfo's, None where it tells none. Raises Broken when a filter
    is missing or unreadable."""
    symbol = str(row.get("symbol"))
    maker, taker = FEES[market]
    is_perpetual = market != SPOT and row.get("contractType") == "PERPETUAL"
    try:
        filters = {rule["filterType"]: rule for rule in row["filters"]}
        lot = filters["LOT_SIZE"]
        market_most = amount(filters.get("MARKET_LOT_SIZE", {}).get("maxQty", "0"))
        return Instrument(
            id=instrument_id(market, symbol),
            venue="binance",
            market=market,
            venue_symbol=VenueSymbol(symbol),
            ccxt_symbol=ccxt_symbol,
            product=_PRODUCTS[market],
            base=row["baseAsset"],
            quote=row["quoteAsset"],
            settle=row["quoteAsset"] if market == SPOT else row["marginAsset"],
            price_tick=amount(filters["PRICE_FILTER"]["tickSize"]),
            quantity_step=amount(lot["stepSize"]),
            min_quantity=amount(lot["minQty"]),
            max_quantity=_smallest_maximum(lot, filters.get("MARKET_LOT_SIZE", {})),
            min_notional=_min_notional(filters),
            contract_value=amount(row["contractSize"]) if market == COINM else ONE,
            maker_fee=maker,
            taker_fee=taker,
            market_max_quantity=market_most if market_most > ZERO else None,
            expiry=from_millis(int(row["deliveryDate"])) if market != SPOT and not is_perpetual else None,
            funding_interval=int(funding_hours or _FUNDING_HOURS) * HOUR if is_perpetual else 0,
            status=_status(row),
        )
    except (KeyError, TypeError, ValueError, JtraderError) as error:
        raise Broken(f"exchangeInfo of {market}: the row of {symbol} can't be read ({error!r})") from error


def _smallest_maximum(*lots: Mapping[str, str]) -> Decimal:
    """What both limit and market orders may have: the smaller maximum; zero means no rule."""
    return min(limit for lot in lots if (limit := amount(lot.get("maxQty", "0"))) > 0)


def _min_notional(filters: Mapping[str, Mapping[str, str]]) -> Decimal:
    """USDT-M: MIN_NOTIONAL.notional; spot: NOTIONAL.minNotional (MIN_NOTIONAL.minNotional on older rows); COIN-M has
    none."""
    rule = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    text = rule.get("minNotional") or rule.get("notional")
    return amount(text) if text else ZERO
