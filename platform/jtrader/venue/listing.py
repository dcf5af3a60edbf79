"""What the venue lists: an instrument with its filters and fees, in the venue's integers."""

from decimal import Decimal

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.instrument import Instrument
from jtrader.venue.units import ATOM, atoms, divide, steps_of, text


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """`band` is how far from the reference price an order may stand, as a fraction (0.05 = 5 %)."""

    instrument: Instrument
    min_price: Decimal
    max_price: Decimal
    market_max_quantity: Decimal
    band: Decimal
    max_leverage: int = 125
    max_open_orders: int = 200

    tick: int = 0
    """One tick in atoms of price."""
    lot: int = 0
    """One lot in atoms of quantity."""
    tick_lot: int = 0
    """The value of one lot at one tick, in atoms of quote."""
    maker_rate: int = 0
    taker_rate: int = 0
    min_notional: int = 0

    def __post_init__(self) -> None:
        rules = self.instrument
        tick, lot = atoms(rules.price_tick), atoms(rules.quantity_step)
        value, rest = divmod(tick * lot, ATOM)
        if rest:
            raise BadInput(f"{rules.id}: one lot at one tick is worth less than 1e-8; the venue can't keep that")
        fixed = {
            "tick": tick,
            "lot": lot,
            "tick_lot": value,
            "maker_rate": atoms(rules.maker_fee),
            "taker_rate": atoms(rules.taker_fee),
            "min_notional": atoms(rules.min_notional),
        }
        for name, number in fixed.items():
            msgspec.structs.force_setattr(self, name, number)

    @property
    def symbol(self) -> str:
        return str(self.instrument.venue_symbol)

    @property
    def price_decimals(self) -> int:
        return _decimals(self.instrument.price_tick)

    @property
    def quantity_decimals(self) -> int:
        return _decimals(self.instrument.quantity_step)

    def price_text(self, ticks: int, decimals: int | None = None) -> str:
        return text(ticks * self.tick, self.price_decimals if decimals is None else decimals)

    def quantity_text(self, lots: int, decimals: int | None = None) -> str:
        return text(lots * self.lot, self.quantity_decimals if decimals is None else decimals)

    def ticks(self, price: str | Decimal) -> int:
        """The tick index of an exact price. Raises BadInput when it is off the grid."""
        return steps_of(price, self.instrument.price_tick)

    def notional(self, lots: int, ticks: int) -> int:
        """|lots|·ticks in atoms of quote: exact."""
        return abs(lots) * ticks * self.tick_lot

    def notional_at(self, lots: int, price: int) -> int:
        """|lots| at a price in atoms (a mark has more decimals than the grid), half to even."""
        return divide(abs(lots) * self.lot * price, ATOM)


def _decimals(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    return max(0, -int(exponent))
