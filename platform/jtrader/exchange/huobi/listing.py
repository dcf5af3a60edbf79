"""Rows of HTX's reference data → instruments. Every exact number comes from the venue's own digits.

Spot tells decimals (`price-precision`: 2 → 0.01), contracts tell the tick and what one contract is worth. Contracts are
counted in whole ones, so the least order is 1, although ccxt shows the contract's worth there. Their greatest order
stands in the contract elements.
"""

import logging
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from jtrader.domain.errors import Broken, JtraderError
from jtrader.domain.ids import Market, VenueSymbol, instrument_id
from jtrader.domain.instrument import Instrument, InstrumentStatus, Product
from jtrader.domain.money import ONE, ZERO, amount, plain
from jtrader.domain.times import HOUR, from_millis

log = logging.getLogger(__name__)

SPOT = Market("huobi_spot")
LINEAR = Market("huobi_linear")
SWAP = Market("huobi_swap")
FUTURE = Market("huobi_future")
MARKETS = (SPOT, LINEAR, SWAP, FUTURE)

PRODUCTS = {SPOT: Product.SPOT, LINEAR: Product.LINEAR, SWAP: Product.INVERSE, FUTURE: Product.INVERSE}

FEES = {
    SPOT: (Decimal("0.002"), Decimal("0.002")),
    LINEAR: (Decimal("0.0002"), Decimal("0.0005")),
    SWAP: (Decimal("0.0002"), Decimal("0.0005")),
    FUTURE: (Decimal("0.0002"), Decimal("0.0005")),
}
"""(maker, taker) of a new account; reference data tell no fees. To estimate with: what is booked is read from the fill.
https://www.htx.com/en-us/fee"""

UNTOLD_MAX = Decimal(10_000)
"""Contracts in one order where the contract elements are not told: little, so that no order is refused for it."""
FUNDING_INTERVAL = 8 * HOUR
"""Of swaps whose contract elements tell no other: 00, 08 and 16 UTC."""


class Element(NamedTuple):
    """What the contract elements tell of a contract, or of an underlying's: the greatest order in contracts, and the
    time between two fundings, ns."""

    order_limit: Decimal
    funding_interval: int = FUNDING_INTERVAL


SPOT_STATES = {"online": InstrumentStatus.TRADING, "offline": InstrumentStatus.DELISTED}
"""All others (pre-online, suspend, transfer-board …) are halted."""

CONTRACT_STATES = {
    "0": InstrumentStatus.DELISTED,
    "1": InstrumentStatus.TRADING,
    "5": InstrumentStatus.SETTLING,
    "6": InstrumentStatus.SETTLING,  # being delivered
    "7": InstrumentStatus.SETTLING,  # settled, not yet open again
    "8": InstrumentStatus.DELISTED,  # delivered
}
"""contract_status; all others (pending, suspended …) are halted."""


def instrument(market: Market, row: Mapping[str, Any], elements: Mapping[str, Element]) -> Instrument:
    """One row as an instrument; `elements` by contract or underlying (see `elements_of`). Raises
    Broken when a field is missing or unreadable."""
    try:
        return _spot(row) if market == SPOT else _contract(market, row, elements)
    except (KeyError, TypeError, ValueError, JtraderError) as error:
        raise Broken(f"reference data of {market}: the row {dict(row)} can't be read ({error!r})") from error


def status(market: Market, row: Mapping[str, Any]) -> InstrumentStatus:
    """What may be done with a row's instrument now."""
    if market != SPOT:
        return CONTRACT_STATES.get(str(row.get("contract_status")), InstrumentStatus.HALTED)
    if row.get("api-trading", "enabled") != "enabled":
        return InstrumentStatus.HALTED
    return SPOT_STATES.get(str(row.get("state")), InstrumentStatus.HALTED)


def symbol_of(market: Market, row: Mapping[str, Any]) -> VenueSymbol:
    return VenueSymbol(str(row["symbol"] if market == SPOT else row["contract_code"]))


def is_of(market: Market, row: Mapping[str, Any]) -> bool:
    """USDT-M lists dated futures among its swaps, which are no market of ours."""
    return market != LINEAR or row.get("business_type", "swap") == "swap"


def elements_of(rows: Any) -> dict[str, Element]:
    """Contract elements by underlying or contract code. A row that can't be read is left out with an alarm."""
    found = {}
    for row in rows:
        try:
            hours = int(row.get("settle_period") or FUNDING_INTERVAL // HOUR)
            limit = _exact(str(row["open_order_limit"])) if "open_order_limit" in row else UNTOLD_MAX
            found[str(row["contract_code"])] = Element(limit, hours * HOUR)
        except (KeyError, TypeError, ValueError, AttributeError, JtraderError) as error:
            log.error("HTX's contract elements can't be read (%r): %.200s", error, row)
    return found


def _spot(row: Mapping[str, Any]) -> Instrument:
    base, quote = str(row["base-currency"]).upper(), str(row["quote-currency"]).upper()
    maker, taker = FEES[SPOT]
    greatest = _exact(row.get("limit-order-max-order-amt") or row["max-order-amt"])
    return Instrument(
        id=instrument_id(SPOT, str(row["symbol"])),
        venue="huobi",
        market=SPOT,
        venue_symbol=VenueSymbol(str(row["symbol"])),
        ccxt_symbol=f"{base}/{quote}",
        product=Product.SPOT,
        base=base,
        quote=quote,
        settle=quote,
        price_tick=_unit(row["price-precision"]),
        quantity_step=_unit(row["amount-precision"]),
        min_quantity=_exact(row.get("limit-order-min-order-amt") or row["min-order-amt"]),
        max_quantity=greatest,
        min_notional=_exact(row.get("min-order-value") or "0"),
        maker_fee=maker,
        taker_fee=taker,
        market_max_quantity=_exact(row["sell-market-max-order-amt"]) if "sell-market-max-order-amt" in row else None,
        status=status(SPOT, row),
    )


def _contract(market: Market, row: Mapping[str, Any], elements: Mapping[str, Element]) -> Instrument:
    code, base = str(row["contract_code"]), str(row["symbol"]).upper()
    element = elements.get(code) or elements.get(base) or Element(UNTOLD_MAX)
    quote = "USDT" if market == LINEAR else "USD"
    settle = "USDT" if market == LINEAR else base
    maker, taker = FEES[market]
    expiry = int(row["delivery_time"]) if row.get("delivery_time") else 0
    ccxt_symbol = f"{base}/{quote}:{settle}" + (f"-{str(row['delivery_date'])[2:]}" if expiry else "")
    return Instrument(
        id=instrument_id(market, code),
        venue="huobi",
        market=market,
        venue_symbol=VenueSymbol(code),
        ccxt_symbol=ccxt_symbol,
        product=PRODUCTS[market],
        base=base,
        quote=quote,
        settle=settle,
        price_tick=_exact(row["price_tick"]),
        quantity_step=ONE,
        min_quantity=ONE,
        max_quantity=element.order_limit,
        min_notional=ZERO,
        contract_value=_exact(row["contract_size"]),
        maker_fee=maker,
        taker_fee=taker,
        expiry=from_millis(expiry) if expiry else None,
        funding_interval=0 if market == FUTURE else element.funding_interval,
        status=status(market, row),
    )


def _exact(text: Any) -> Decimal:
    """Without the zeros that the venue hangs on: `100.000` → 100."""
    return amount(plain(amount(text)))


def _unit(decimals: Any) -> Decimal:
    """`2` → 0.01."""
    return ONE.scaleb(-int(decimals))
