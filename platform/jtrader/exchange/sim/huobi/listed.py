"""The rows that tell what HTX lists: pairs, contracts and how they are named."""

from datetime import UTC, datetime
from typing import Any

from jtrader.domain.instrument import Instrument, InstrumentStatus
from jtrader.domain.times import DAY, SECOND, to_millis
from jtrader.exchange.sim.huobi.names import LINEAR
from jtrader.exchange.sim.huobi.numbers import literal, plain_decimal
from jtrader.venue.listing import Listing

_CONTRACT_STATUS = {
    InstrumentStatus.TRADING: 1,
    InstrumentStatus.HALTED: 3,
    InstrumentStatus.SETTLING: 5,
    InstrumentStatus.DELISTED: 0,
}
_SPOT_STATE = {
    InstrumentStatus.TRADING: "online",
    InstrumentStatus.HALTED: "suspend",
    InstrumentStatus.SETTLING: "suspend",
    InstrumentStatus.DELISTED: "offline",
}
_SUFFIXES = {"this_week": "CW", "next_week": "NW", "quarter": "CQ", "next_quarter": "NQ"}


def symbol_row(listing: Listing, status: InstrumentStatus) -> dict[str, Any]:
    """A pair of `/v1/common/symbols`."""
    rules = listing.instrument
    least, most = literal(plain_decimal(rules.min_quantity)), literal(plain_decimal(rules.max_quantity))
    return {
        "base-currency": rules.base.lower(),
        "quote-currency": rules.quote.lower(),
        "price-precision": listing.price_decimals,
        "amount-precision": listing.quantity_decimals,
        "symbol-partition": "main",
        "symbol": listing.symbol,
        "state": _SPOT_STATE[status],
        "value-precision": 8,
        "min-order-amt": least,
        "max-order-amt": most,
        "min-order-value": literal(plain_decimal(rules.min_notional)),
        "limit-order-min-order-amt": least,
        "limit-order-max-order-amt": most,
        "limit-order-max-buy-amt": most,
        "limit-order-max-sell-amt": most,
        "buy-limit-must-less-than": literal(plain_decimal(1 + listing.band)),
        "sell-limit-must-greater-than": literal(plain_decimal(1 - listing.band)),
        "sell-market-min-order-amt": least,
        "sell-market-max-order-amt": literal(plain_decimal(listing.market_max_quantity)),
        "buy-market-max-order-value": 1_000_000,
        "market-sell-order-rate-must-less-than": 0.1,
        "market-buy-order-rate-must-less-than": 0.1,
        "api-trading": "enabled",
        "tags": "",
    }


def pair_limits(listing: Listing) -> dict[str, Any]:
    """`/v1/common/exchange` of one pair."""
    rules = listing.instrument
    least, most = literal(plain_decimal(rules.min_quantity)), literal(plain_decimal(rules.max_quantity))
    market = literal(plain_decimal(listing.market_max_quantity))
    return {
        "symbol": listing.symbol,
        "buy-limit-must-less-than": literal(plain_decimal(1 + listing.band)),
        "sell-limit-must-greater-than": literal(plain_decimal(1 - listing.band)),
        "limit-order-must-greater-than": least,
        "limit-order-must-less-than": most,
        "market-buy-order-must-greater-than": literal(plain_decimal(rules.min_notional)),
        "market-buy-order-must-less-than": 1_000_000,
        "market-sell-order-must-greater-than": least,
        "market-sell-order-must-less-than": market,
        "circuit-break-when-greater-than": 10_000,
        "circuit-break-when-less-than": 10,
        "market-sell-order-rate-must-less-than": 0.1,
        "market-buy-order-rate-must-less-than": 0.1,
    }


def contract_row(listing: Listing, status: InstrumentStatus, settles: int, now: int) -> dict[str, Any]:
    """A contract of `…_contract_info`; `settles` is its next settlement, ns.

    ccxt takes a row with a `delivery_date` for a dated contract and one with a `business_type` for a linear one.
    """
    rules = listing.instrument
    row: dict[str, Any] = {
        "symbol": rules.base,
        "contract_code": listing.symbol,
        "contract_size": literal(plain_decimal(rules.contract_value)),
        "price_tick": literal(plain_decimal(rules.price_tick)),
        "create_date": "20200325",
        "contract_status": _CONTRACT_STATUS[status],
    }
    if rules.expiry is not None:
        at = datetime.fromtimestamp(rules.expiry // SECOND, UTC)
        return row | {
            "contract_type": contract_type(rules, now),
            "delivery_date": f"{at:%Y%m%d}",
            "delivery_time": str(to_millis(rules.expiry)),
            "settlement_time": str(to_millis(settles)),
        }
    row |= {"delivery_date": "", "delivery_time": "", "settlement_date": str(to_millis(settles))}
    if rules.market == LINEAR:
        row |= {
            "support_margin_mode": "all",
            "business_type": "swap",
            "pair": listing.symbol,
            "contract_type": "swap",
            "trade_partition": rules.settle,
        }
    return row


def contract_type(rules: Instrument, now: int) -> str:
    """`swap`, or how far a dated contract's delivery is."""
    if rules.expiry is None:
        return "swap"
    left = rules.expiry - now
    if left <= 7 * DAY:
        return "this_week"
    if left <= 14 * DAY:
        return "next_week"
    return "quarter" if left <= 98 * DAY else "next_quarter"


def alias(listing: Listing, now: int) -> str:
    """How tickers of dated contracts are named: `BTC_CQ`; others keep their code."""
    rules = listing.instrument
    kind = contract_type(rules, now)
    return listing.symbol if kind == "swap" else f"{rules.base}_{_SUFFIXES[kind]}"
