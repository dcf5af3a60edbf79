"""What an order must look like before it is looked at: steps, bounds, price band, smallest notional."""

from decimal import Decimal

import msgspec

from jtrader.domain.instrument import Instrument
from jtrader.domain.money import plain
from jtrader.matching.book import BUY
from jtrader.matching.entry import Style
from jtrader.venue.listing import Listing
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import ATOM, atoms, divide, text


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it arrives, in exact decimals. A spot market order may name `quote` instead of `quantity`."""

    symbol: str
    side: int
    style: Style
    client_id: str
    quantity: Decimal | None = None
    price: Decimal | None = None
    quote: Decimal | None = None
    reduce_only: bool = False


def checked_ticks(new: NewOrder, listing: Listing, reference: int) -> int | None:
    """The price in ticks, None for a market order. `reference` is the mark in atoms that the band hangs on."""
    if new.price is None:
        return None
    if new.price < listing.min_price:
        raise Refused(Why.PRICE_LOW, f"price {new.price} is below {listing.min_price}")
    if new.price > listing.max_price:
        raise Refused(Why.PRICE_HIGH, f"price {new.price} is above {listing.max_price}")
    if not listing.instrument.price_on_grid(new.price):
        raise Refused(Why.PRICE_STEP, f"price {new.price} is off the tick {listing.instrument.price_tick}")
    ticks = listing.ticks(new.price)
    away = divide(reference * atoms(listing.band), ATOM)
    if new.side == BUY and ticks * listing.tick > reference + away:
        most = text((reference + away) // listing.tick * listing.tick, listing.price_decimals)
        raise Refused(Why.PRICE_BAND_HIGH, f"price {new.price} is above {most}, the reference price's band", most)
    if new.side != BUY and ticks * listing.tick < reference - away:
        least = text(-(-(reference - away) // listing.tick) * listing.tick, listing.price_decimals)
        raise Refused(Why.PRICE_BAND_LOW, f"price {new.price} is below {least}, the reference price's band", least)
    return ticks


def checked_lots(quantity: Decimal, listing: Listing, market: bool) -> int:
    rules: Instrument = listing.instrument
    if not rules.quantity_on_grid(quantity):
        raise Refused(Why.QUANTITY_STEP, f"quantity {quantity} is off the step {rules.quantity_step}")
    if quantity < rules.min_quantity:
        raise Refused(Why.QUANTITY_LOW, f"quantity {quantity} is below {rules.min_quantity}")
    if quantity > rules.max_quantity:
        raise Refused(Why.QUANTITY_HIGH, f"quantity {quantity} is above {rules.max_quantity}")
    if market and quantity > listing.market_max_quantity:
        raise Refused(
            Why.MARKET_QUANTITY_HIGH, f"quantity {quantity} is above {listing.market_max_quantity}", "quantity"
        )
    return atoms(quantity) // listing.lot


def check_notional(lots: int, ticks: int | None, listing: Listing, reference: int) -> None:
    worth = listing.notional(lots, ticks) if ticks is not None else listing.notional_at(lots, reference)
    if worth < listing.min_notional:
        least = plain(listing.instrument.min_notional)
        raise Refused(Why.NOTIONAL_LOW, f"notional is below {least}", least)
