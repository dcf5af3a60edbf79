"""The prices the gate reckons with, exact: on the instrument's grid, from the float quote by tick index."""

from decimal import Decimal

import msgspec

from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Quote
from jtrader.domain.money import ONE
from jtrader.domain.order import ChildOrder, Side


class Touch(msgspec.Struct, frozen=True):
    """Best bid and ask as order prices."""

    bid: Decimal
    ask: Decimal

    @property
    def mid(self) -> Decimal:
        return (self.bid + self.ask) / 2

    def against(self, side: Side) -> Decimal:
        """The price that a market order of `side` meets first."""
        return self.ask if side is Side.BUY else self.bid


def touch_of(quote: Quote, instrument: Instrument) -> Touch:
    return Touch(
        instrument.price_at(instrument.ticks_down(quote.bid)), instrument.price_at(instrument.ticks_up(quote.ask))
    )


def dearest(order: ChildOrder, touch: Touch, collar: Decimal) -> Decimal:
    """The highest plausible price of a fill: the limit of a buy, else the touch plus the collar."""
    if order.price is not None and order.side is Side.BUY:
        return order.price
    return max(touch.against(order.side) * (ONE + collar), order.price or touch.bid)


def cheapest(order: ChildOrder, touch: Touch, collar: Decimal) -> Decimal:
    """The lowest plausible price of a fill: the limit, else the touch less the collar."""
    return touch.against(order.side) * (ONE - collar) if order.price is None else order.price
