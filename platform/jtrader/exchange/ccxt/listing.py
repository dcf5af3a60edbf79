"""ccxt's markets → instruments. Exact where ccxt was made with exact numbers (see `spoken.EXACT`)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from jtrader.domain.errors import Broken, JtraderError
from jtrader.domain.ids import VenueSymbol
from jtrader.domain.instrument import Instrument, InstrumentStatus, Product
from jtrader.domain.money import ONE, ZERO, amount
from jtrader.domain.times import from_millis
from jtrader.exchange.ccxt.spoken import CcxtMarket

_NO_BOUND = Decimal(10**12)
_DECIMAL_PLACES, _TICK_SIZE = 2, 4
"""ccxt's precisionMode."""


def instrument(spoken: CcxtMarket, row: Mapping[str, Any], precision_mode: int) -> Instrument:
    """Raises Broken where a step is missing or unreadable."""
    try:
        amounts, cost = row["limits"]["amount"], row["limits"]["cost"]
        step = _step(row["precision"]["amount"], precision_mode)
        return Instrument(
            id=spoken.instrument_id(dict(row)),
            venue=spoken.exchange,
            market=spoken.market,
            venue_symbol=VenueSymbol(row["id"]),
            ccxt_symbol=row["symbol"],
            product=_product(row),
            base=row["base"],
            quote=row["quote"],
            settle=row["settle"] or row["quote"],
            price_tick=_step(row["precision"]["price"], precision_mode),
            quantity_step=step,
            min_quantity=_exact(amounts.get("min")) or step,
            max_quantity=_exact(amounts.get("max")) or _NO_BOUND,
            min_notional=_exact(cost.get("min")) or ZERO,
            contract_value=_exact(row.get("contractSize")) or ONE,
            maker_fee=_exact(row.get("maker")) or ZERO,
            taker_fee=_exact(row.get("taker")) or ZERO,
            expiry=from_millis(int(row["expiry"])) if row.get("expiry") else None,
            status=InstrumentStatus.HALTED if row.get("active") is False else InstrumentStatus.TRADING,
        )
    except (AttributeError, KeyError, TypeError, ValueError, JtraderError) as error:
        raise Broken(f"{spoken.exchange}'s row of {row.get('id')} can't be read ({error!r})") from error


def _product(row: Mapping[str, Any]) -> Product:
    if row["spot"]:
        return Product.SPOT
    if row.get("linear"):
        return Product.LINEAR
    return Product.INVERSE if row.get("inverse") else Product.QUANTO


def _step(precision: Any, mode: int) -> Decimal:
    if mode == _TICK_SIZE:
        return amount(str(precision))
    if mode == _DECIMAL_PLACES:
        return Decimal(1).scaleb(-int(precision))
    raise Broken(f"its steps are in significant digits (ccxt's mode {mode}), which are no steps")


def _exact(value: Any) -> Decimal | None:
    return None if value is None else amount(str(value))
