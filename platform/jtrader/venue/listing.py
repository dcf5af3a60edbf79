"""What the venue lists: an instrument with its filters, fees and margins, in the venue's integers.

Worth is signed so that P&L is worth now − worth at entry, in atoms of the settle asset (q signed quantity, m contract
value, P price): spot and linear q·m·P, quanto q·k·P, inverse −q·m/P (sources: Binance's futures guides, BitMEX's
guides of inverse and quanto contracts). On the grid the first two are exact; quotients and prices off the grid are
rounded half to even, unless a rounding of values is in force.
"""

from decimal import Decimal
from functools import cache

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.instrument import Instrument, Product
from jtrader.venue.units import ATOM, atoms, divide, steps_of, text
from jtrader.venue.value_rules import ValueRule, rule_at


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """`band` is how far from the reference price an order may stand, as a fraction (0.05 = 5 %).

    `grid_tick` and `grid_lot` are what prices and quantities are counted in; by default the instrument's steps. Its
    steps may become multiples of them later, never finer (`Venue.set_rules`).
    """

    instrument: Instrument
    min_price: Decimal
    max_price: Decimal
    market_max_quantity: Decimal
    band: Decimal
    max_leverage: int = 125
    max_open_orders: int = 200
    maintenance: Decimal = Decimal("0.004")
    """Maintenance margin as a fraction of the position's value: one bracket."""
    liquidation_fee: Decimal = Decimal("0.0125")
    """Of the value that a liquidation closes."""
    delivery_fee: Decimal = Decimal(0)
    """Of the value that is delivered at expiry."""
    value_rules: tuple[ValueRule, ...] = ()
    """How an inverse contract's worth becomes whole units, by the time from which it holds; ascending."""
    settle_unit: int = 1
    """The settle asset's smallest unit on this venue, in atoms (BitMEX's USDt: 100)."""
    grid_tick: Decimal | None = None
    grid_lot: Decimal | None = None

    tick: int = 0
    """One tick in atoms of price."""
    lot: int = 0
    """One lot in atoms of quantity."""
    contract: int = 0
    """The contract value in atoms."""
    tick_lot: int = 0
    """The worth of one lot at one tick, in atoms; 0 for inverse contracts."""
    maker_rate: int = 0
    taker_rate: int = 0
    maintenance_rate: int = 0
    min_notional: int = 0
    is_inverse: bool = False

    def __post_init__(self) -> None:
        rules = self.instrument
        is_inverse = rules.product is Product.INVERSE
        tick, lot = atoms(self.grid_tick or rules.price_tick), atoms(self.grid_lot or rules.quantity_step)
        contract = ATOM if rules.is_spot else atoms(rules.contract_value)
        value, rest = divmod(tick * lot * contract, ATOM * ATOM)
        if rest and not is_inverse:
            raise BadInput(f"{rules.id}: one lot at one tick is worth less than 1e-8; the venue can't keep that")
        for step, grid, name in ((rules.price_tick, tick, "tick"), (rules.quantity_step, lot, "lot")):
            if atoms(step) % grid:
                raise BadInput(f"{rules.id}: a step of {step} is not made of whole {name}s of {text(grid)}")
        fixed = {
            "tick": tick,
            "lot": lot,
            "contract": contract,
            "tick_lot": 0 if is_inverse else value,
            "maker_rate": atoms(rules.maker_fee),
            "taker_rate": atoms(rules.taker_fee),
            "maintenance_rate": atoms(self.maintenance),
            "min_notional": atoms(rules.min_notional),
            "is_inverse": is_inverse,
        }
        for name, number in fixed.items():
            msgspec.structs.force_setattr(self, name, number)

    @property
    def symbol(self) -> str:
        return str(self.instrument.venue_symbol)

    @property
    def settle(self) -> str:
        return self.instrument.settle

    @property
    def price_decimals(self) -> int:
        return _decimals(self.grid_tick or self.instrument.price_tick)

    @property
    def quantity_decimals(self) -> int:
        return _decimals(self.grid_lot or self.instrument.quantity_step)

    def price_text(self, ticks: int, decimals: int | None = None) -> str:
        return text(ticks * self.tick, self.price_decimals if decimals is None else decimals)

    def quantity_text(self, lots: int, decimals: int | None = None) -> str:
        return text(lots * self.lot, self.quantity_decimals if decimals is None else decimals)

    def ticks(self, price: str | Decimal) -> int:
        """The tick index of an exact price. Raises BadInput when it is off the grid."""
        return steps_of(price, self.grid_tick or self.instrument.price_tick)

    def lots(self, quantity: str | Decimal) -> int:
        """How many lots an exact quantity is. Raises BadInput when it is off the grid."""
        return steps_of(quantity, self.grid_lot or self.instrument.quantity_step)

    def worth(self, lots: int, price: int, ts: int | None = None) -> int:
        """The signed worth of signed lots at a price in atoms; `ts` picks the rounding in force, None = the newest."""
        if self.is_inverse:
            rule = rule_at(self.value_rules, ts) if self.value_rules else None
            if rule is not None:
                return -rule.value(lots * self.lot, self.contract, price)
            return -divide(lots * self.lot * self.contract, price)
        ticks, off = divmod(price, self.tick)
        if not off:
            return lots * ticks * self.tick_lot
        unit = self.settle_unit
        return divide(lots * self.lot * self.contract * price, ATOM * ATOM * unit) * unit

    def profit(self, lots: int, price: int, cost: int) -> int:
        """Worth at a price in atoms − cost, rounded once."""
        if self.is_inverse:
            return self.worth(lots, price) - cost
        unit = self.settle_unit
        exact = lots * self.lot * self.contract * price - cost * ATOM * ATOM
        return divide(exact, ATOM * ATOM * unit) * unit

    def notional(self, lots: int, ticks: int, ts: int | None = None) -> int:
        """|lots| at a tick index in atoms of the settle asset (spot: of quote)."""
        return abs(self.worth(lots, ticks * self.tick, ts))

    def notional_at(self, lots: int, price: int) -> int:
        """|lots| at a price in atoms (a mark has more decimals than the grid), half to even."""
        return abs(self.worth(lots, price))

    def face(self, lots: int, price: int) -> int:
        """|lots| at a price in atoms of quote, what the smallest notional is stated in: inverse contracts have their
        worth in quote on them, of a quanto it is the worth in points."""
        quantity = abs(lots) * self.lot
        if self.is_inverse:
            return divide(quantity * self.contract, ATOM)
        if self.instrument.product is Product.QUANTO:
            return divide(quantity * price, ATOM)
        return self.notional_at(lots, price)


@cache
def _decimals(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    return max(0, -int(exponent))
