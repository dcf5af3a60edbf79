"""What can be traded: exact steps and limits, taken from the venue's own rows."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market, VenueSymbol
from jtrader.domain.money import ONE, ZERO, round_down, round_half_even, round_up


class Product(StrEnum):
    SPOT = "spot"
    LINEAR = "linear"  # settles in quote
    INVERSE = "inverse"  # settles in base
    QUANTO = "quanto"  # settles in a third coin


class InstrumentStatus(StrEnum):
    """What the venue lets anybody do with it now."""

    TRADING = "trading"
    HALTED = "halted"
    SETTLING = "settling"
    DELISTED = "delisted"


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of one market.

    Units: `price_tick` in quote; `quantity_step`, `min_quantity`, `max_quantity` in order units (base for spot and
    Binance USDT-M, contracts elsewhere); `contract_value` in base (linear), quote (inverse) or settle per point
    (quanto) for one order unit; `min_notional` in quote; fees as fractions of notional (a schedule to estimate with:
    what is booked is read from the fill). `market_max_quantity` bounds market orders where the venue has such a bound.
    Times are ns: `expiry` of a dated contract, `valid_from` when these rules became effective (0 = always);
    `funding_interval` is 0 where there is no funding.
    """

    id: InstrumentId
    venue: str
    market: Market
    venue_symbol: VenueSymbol
    ccxt_symbol: str
    product: Product
    base: str
    quote: str
    settle: str
    price_tick: Decimal
    quantity_step: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    min_notional: Decimal = ZERO
    contract_value: Decimal = ONE
    maker_fee: Decimal = ZERO
    taker_fee: Decimal = ZERO
    market_max_quantity: Decimal | None = None
    expiry: int | None = None
    funding_interval: int = 0
    status: InstrumentStatus = InstrumentStatus.TRADING
    valid_from: int = 0

    def __post_init__(self) -> None:
        for name in ("price_tick", "quantity_step", "min_quantity", "max_quantity", "contract_value"):
            if getattr(self, name) <= 0:
                raise BadInput(f"{self.id}: {name} is {getattr(self, name)}; it must be above zero")

    @property
    def is_spot(self) -> bool:
        return self.product is Product.SPOT

    def price_at(self, ticks: int) -> Decimal:
        """The exact price of a tick index."""
        return ticks * self.price_tick

    def ticks_down(self, price: float) -> int:
        """The tick index at or below a market-data price; a price within a millionth of a tick counts as on it."""
        return int((Decimal(repr(price)) / self.price_tick + _ON_GRID).__floor__())

    def ticks_up(self, price: float) -> int:
        """The tick index at or above a market-data price; a price within a millionth of a tick counts as on it."""
        return int((Decimal(repr(price)) / self.price_tick - _ON_GRID).__ceil__())

    def price_on_grid(self, price: Decimal) -> bool:
        return price % self.price_tick == 0

    def quantity_on_grid(self, quantity: Decimal) -> bool:
        return quantity % self.quantity_step == 0

    def quantity_down(self, quantity: Decimal) -> Decimal:
        """The largest tradable quantity ≤ `quantity`."""
        return round_down(quantity, self.quantity_step)

    def quantity_up(self, quantity: Decimal) -> Decimal:
        return round_up(quantity, self.quantity_step)

    def quantity_from_float(self, quantity: float) -> Decimal:
        """A strategy's wish as a lot index: the nearest step."""
        if not abs(quantity) < float("inf"):
            raise BadInput(f"{self.id}: quantity {quantity} is not finite")
        return round_half_even(Decimal(repr(quantity)), self.quantity_step)


_ON_GRID = Decimal("0.000001")


class Offered(tuple[Instrument, ...]):
    """What a market lists now, by id. `unreadable` are listed as well, in rows that can't be read: nothing is known of
    them, and they are not gone."""

    unreadable: frozenset[InstrumentId] = frozenset()
