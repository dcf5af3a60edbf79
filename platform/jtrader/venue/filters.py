"""What an order must look like before it is looked at: steps, bounds, price band, smallest notional."""

from decimal import Decimal

import msgspec

from jtrader.domain.instrument import Instrument
from jtrader.domain.money import plain
from jtrader.domain.order import TriggerBy
from jtrader.matching.book import BUY
from jtrader.matching.entry import Style
from jtrader.venue.listing import Listing
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import ATOM, atoms, divide, text
from jtrader.venue.words import Leg


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it arrives, in exact decimals. A spot market order may name `quote` instead of `quantity`.

    With a `trigger_price` it waits until the price named by `trigger_by` has come to it: a stop, or `if_touched` the
    other way round (take profit). `close_position` (conditional market orders) stands instead of a quantity. In hedge
    mode `leg` says which position it is for: buying opens a long one and closes a short one.
    """

    symbol: str
    side: int
    style: Style
    client_id: str
    quantity: Decimal | None = None
    price: Decimal | None = None
    quote: Decimal | None = None
    reduce_only: bool = False
    leg: Leg = Leg.BOTH
    trigger_price: Decimal | None = None
    trigger_by: TriggerBy = TriggerBy.LAST
    if_touched: bool = False
    close_position: bool = False


def checked_ticks(price: Decimal | None, side: int, listing: Listing, reference: int) -> int | None:
    """The price in ticks, None for a market order. `reference` is the mark in atoms that the band hangs on."""
    if price is None:
        return None
    ticks = grid_ticks(price, listing)
    away = divide(reference * atoms(listing.band), ATOM)
    if side == BUY and ticks * listing.tick > reference + away:
        most = text((reference + away) // listing.tick * listing.tick, listing.price_decimals)
        raise Refused(Why.PRICE_BAND_HIGH, f"price {price} is above {most}, the reference price's band", most)
    if side != BUY and ticks * listing.tick < reference - away:
        least = text(-(-(reference - away) // listing.tick) * listing.tick, listing.price_decimals)
        raise Refused(Why.PRICE_BAND_LOW, f"price {price} is below {least}, the reference price's band", least)
    return ticks


def grid_ticks(price: Decimal, listing: Listing) -> int:
    """The tick index of a price within the listing's bounds, wherever the market stands."""
    if price < listing.min_price:
        raise Refused(Why.PRICE_LOW, f"price {price} is below {listing.min_price}")
    if price > listing.max_price:
        raise Refused(Why.PRICE_HIGH, f"price {price} is above {listing.max_price}")
    if not listing.instrument.price_on_grid(price):
        raise Refused(Why.PRICE_STEP, f"price {price} is off the tick {listing.instrument.price_tick}")
    return listing.ticks(price)


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
    return listing.lots(quantity)


def check_notional(lots: int, ticks: int | None, listing: Listing, reference: int) -> None:
    if listing.face(lots, ticks * listing.tick if ticks is not None else reference) < listing.min_notional:
        least = plain(listing.instrument.min_notional)
        raise Refused(Why.NOTIONAL_LOW, f"notional is below {least}", least)
