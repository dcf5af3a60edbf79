"""What Binance lists, as the rows of `exchangeInfo` tell it, with the limits that it states there."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from jtrader.domain.instrument import InstrumentStatus
from jtrader.domain.money import plain
from jtrader.domain.times import DAY, to_millis
from jtrader.exchange.sim.binance.errors import COINM, SPOT
from jtrader.exchange.sim.binance.limits import LIMITS
from jtrader.exchange.sim.binance.rows_futures import pair
from jtrader.exchange.sim.binance.words import FUTURES_TYPES, SPOT_TYPES
from jtrader.venue.listing import Listing

Statuses = Mapping[str, InstrumentStatus]
"""By symbol."""

_NEVER = 4133404800000
"""The delivery date of what is never delivered: Christmas of the year 2100, in ms."""
_SPOT_STATUS = {
    InstrumentStatus.TRADING: "TRADING",
    InstrumentStatus.HALTED: "HALT",
    InstrumentStatus.SETTLING: "BREAK",
    InstrumentStatus.DELISTED: "BREAK",
}
FUTURES_STATUS = {
    InstrumentStatus.TRADING: "TRADING",
    InstrumentStatus.HALTED: "PRE_SETTLE",
    InstrumentStatus.SETTLING: "SETTLING",
    InstrumentStatus.DELISTED: "CLOSE",
}


def info(market: str, listings: list[Listing], statuses: Statuses, wall_ms: int, now: int = 0) -> dict[str, Any]:
    """`exchangeInfo`; `now` is market time in ns, which contract types depend on."""
    told: dict[str, Any] = {
        "timezone": "UTC",
        "serverTime": wall_ms,
        "rateLimits": [limit.told() for limit in LIMITS[market]],
        "exchangeFilters": [],
    }
    if market == SPOT:
        return told | {"symbols": [_spot_row(listing, statuses) for listing in listings]}
    if market == COINM:
        return told | {"symbols": [_coinm_row(listing, statuses, now) for listing in listings]}
    assets = [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}]
    rows = [_usdm_row(listing, statuses, now) for listing in listings]
    return told | {"futuresType": "U_MARGINED", "assets": assets, "symbols": rows}


def contract_type(listing: Listing, now: int) -> str:
    """PERPETUAL, or which quarter's end it is: delivery within a quarter of a year is the current one's."""
    expiry = listing.instrument.expiry
    if expiry is None:
        return "PERPETUAL"
    return "CURRENT_QUARTER" if expiry - now <= 92 * DAY else "NEXT_QUARTER"


def delivery_ms(listing: Listing) -> int:
    return _NEVER if listing.instrument.expiry is None else to_millis(listing.instrument.expiry)


def _steps(listing: Listing, places: int | None) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    rules = listing.instrument

    def shown(value: Decimal) -> str:
        return plain(value) if places is None else f"{value:.{places}f}"

    price = {
        "minPrice": shown(listing.min_price),
        "maxPrice": shown(listing.max_price),
        "tickSize": shown(rules.price_tick),
    }
    step = shown(rules.quantity_step)
    lot = {"minQty": shown(rules.min_quantity), "maxQty": shown(rules.max_quantity), "stepSize": step}
    market = {"minQty": shown(rules.min_quantity), "maxQty": shown(listing.market_max_quantity), "stepSize": step}
    return price, lot, market


def _spot_row(listing: Listing, statuses: Statuses) -> dict[str, Any]:
    rules = listing.instrument
    price, lot, market = _steps(listing, 8)
    notional = {
        "minNotional": f"{rules.min_notional:.8f}",
        "applyMinToMarket": True,
        "maxNotional": "9000000.00000000",
        "applyMaxToMarket": False,
        "avgPriceMins": 5,
    }
    band = {
        "bidMultiplierUp": plain(1 + listing.band),
        "bidMultiplierDown": plain(1 - listing.band),
        "askMultiplierUp": plain(1 + listing.band),
        "askMultiplierDown": plain(1 - listing.band),
        "avgPriceMins": 5,
    }
    return {
        "symbol": listing.symbol,
        "status": _SPOT_STATUS[statuses[listing.symbol]],
        "baseAsset": rules.base,
        "baseAssetPrecision": 8,
        "quoteAsset": rules.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": SPOT_TYPES,
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {"filterType": "PRICE_FILTER", **price},
            {"filterType": "LOT_SIZE", **lot},
            {"filterType": "MARKET_LOT_SIZE", **market},
            {"filterType": "PERCENT_PRICE_BY_SIDE", **band},
            {"filterType": "NOTIONAL", **notional},
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": listing.max_open_orders},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_MAKER"],
    }


def _usdm_row(listing: Listing, statuses: Statuses, now: int) -> dict[str, Any]:
    smallest = {"filterType": "MIN_NOTIONAL", "notional": plain(listing.instrument.min_notional)}
    return _contract_row(listing, now, [smallest]) | {"status": FUTURES_STATUS[statuses[listing.symbol]]}


def _coinm_row(listing: Listing, statuses: Statuses, now: int) -> dict[str, Any]:
    return _contract_row(listing, now, []) | {
        "contractStatus": FUTURES_STATUS[statuses[listing.symbol]],
        "contractSize": int(listing.instrument.contract_value),
        "equalQtyPrecision": 4,
    }


def _contract_row(listing: Listing, now: int, more_filters: list[dict[str, Any]]) -> dict[str, Any]:
    rules = listing.instrument
    price, lot, market = _steps(listing, None)
    band = {
        "multiplierUp": f"{1 + listing.band:.4f}",
        "multiplierDown": f"{1 - listing.band:.4f}",
        "multiplierDecimal": "4",
    }
    return {
        "symbol": listing.symbol,
        "pair": pair(listing),
        "contractType": contract_type(listing, now),
        "deliveryDate": delivery_ms(listing),
        "onboardDate": 1569398400000,
        "maintMarginPercent": f"{100 * listing.maintenance:.4f}",
        "requiredMarginPercent": "5.0000",
        "baseAsset": rules.base,
        "quoteAsset": rules.quote,
        "marginAsset": rules.settle,
        "pricePrecision": listing.price_decimals,
        "quantityPrecision": listing.quantity_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": f"{listing.liquidation_fee:.6f}",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": [
            {"filterType": "PRICE_FILTER", **price},
            {"filterType": "LOT_SIZE", **lot},
            {"filterType": "MARKET_LOT_SIZE", **market},
            {"filterType": "MAX_NUM_ORDERS", "limit": listing.max_open_orders},
            *more_filters,
            {"filterType": "PERCENT_PRICE", **band},
        ],
        "orderTypes": FUTURES_TYPES,
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }
