"""What an account may do. Amounts in the instrument's quote currency; times in ns. None refuses."""

from decimal import Decimal

import msgspec

from jtrader.domain.errors import BadInput


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """One account's limits, each for one instrument unless it counts orders."""

    max_order_notional: Decimal | None = None
    max_position_notional: Decimal | None = None
    max_open_orders: int | None = None
    """Over the whole account."""
    max_orders_per_minute: int | None = None
    """Over the whole account, in market time."""
    price_collar: Decimal | None = None
    """Largest distance of a price from the mid, as a fraction of the mid."""
    max_quote_age: int | None = None
    """In market time."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and value < 0:
                raise BadInput(f"limit {name} is {value}; it must be zero or more")

    def unset(self) -> tuple[str, ...]:
        return tuple(name for name in self.__struct_fields__ if getattr(self, name) is None)
