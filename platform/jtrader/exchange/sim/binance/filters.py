"""Binance's own limits of what it lists, and the rows of `exchangeInfo` that tell them."""

from decimal import Decimal
from typing import Any

from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.money import plain
from jtrader.exchange.sim.binance.errors import SPOT, USDM
from jtrader.venue.listing import Listing

PRODUCTS = {SPOT: Product.SPOT, USDM: Product.LINEAR}
"""Binance's markets here."""

_SPOT_TYPES = ["LIMIT", "LIMIT_MAKER", "MARKET"]
_USDM_TYPES = ["LIMIT", "MARKET"]


def listing_of(instrument: Instrument) -> Listing:
    """The instrument as the venue lists it: its steps with Binance's bounds around them."""
    if instrument.market == SPOT:
        return Listing(
            instrument=instrument,
            min_price=instrument.price_tick,
            max_price=Decimal(1_000_000),
            market_max_quantity=Decimal(100) if instrument.base == "BTC" else Decimal(2_000),
            band=Decimal("0.8"),
        )
    return Listing(
        instrument=instrument,
        min_price=instrument.price_tick,
        max_price=Decimal(1_000_000),
        market_max_quantity=Decimal(120) if instrument.base == "BTC" else Decimal(2_000),
        band=Decimal("0.05"),
    )


def spot_info(listings: list[Listing], wall_ms: int) -> dict[str, Any]:
    limits = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
        {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000},
    ]
    rows = [_spot_row(listing) for listing in listings]
    return {
        "timezone": "UTC",
        "serverTime": wall_ms,
        "rateLimits": limits,
        "exchangeFilters": [],
        "symbols": rows,
    }


def usdm_info(listings: list[Listing], wall_ms: int) -> dict[str, Any]:
    limits = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
        {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
    ]
    assets = [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}]
    return {
        "timezone": "UTC",
        "serverTime": wall_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": limits,
        "exchangeFilters": [],
        "assets": assets,
        "symbols": [_usdm_row(listing) for listing in listings],
    }


def empty_info(wall_ms: int) -> dict[str, Any]:
    """COIN-M is asked for its markets by default, too; it has none here."""
    return {"timezone": "UTC", "serverTime": wall_ms, "rateLimits": [], "exchangeFilters": [], "symbols": []}


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


def _spot_row(listing: Listing) -> dict[str, Any]:
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
        "status": "TRADING",
        "baseAsset": rules.base,
        "baseAssetPrecision": 8,
        "quoteAsset": rules.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": _SPOT_TYPES,
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
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


def _usdm_row(listing: Listing) -> dict[str, Any]:
    rules = listing.instrument
    price, lot, market = _steps(listing, None)
    band = {
        "multiplierUp": f"{1 + listing.band:.4f}",
        "multiplierDown": f"{1 - listing.band:.4f}",
        "multiplierDecimal": "4",
    }
    return {
        "symbol": listing.symbol,
        "pair": listing.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
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
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": [
            {"filterType": "PRICE_FILTER", **price},
            {"filterType": "LOT_SIZE", **lot},
            {"filterType": "MARKET_LOT_SIZE", **market},
            {"filterType": "MAX_NUM_ORDERS", "limit": listing.max_open_orders},
            {"filterType": "MIN_NOTIONAL", "notional": plain(rules.min_notional)},
            {"filterType": "PERCENT_PRICE", **band},
        ],
        "orderTypes": _USDM_TYPES,
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }
