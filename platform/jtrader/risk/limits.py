"""What an account, a strategy on it, and a market as a whole may do. Amounts in the asset that an instrument's notional
is told in (quote; base for inverse contracts); times in ns. Limits that have no default refuse while they are unset.
"""

from decimal import Decimal

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, StrategyId
from jtrader.domain.money import ONE
from jtrader.domain.times import HOUR, MINUTE, SECOND

REQUIRED = (
    "max_order_notional",
    "max_position_notional",
    "max_open_orders",
    "max_orders_per_minute",
    "price_collar",
    "max_quote_age",
)
"""Unset, each of them refuses every order of the account."""

MESSAGES_AN_ORDER = 2
"""Submits, amends and cancels a minute, for each order a minute, where no budget of messages is set."""
DAILY_LOSS_SHARE, DRAWDOWN_SHARE = Decimal("0.05"), Decimal("0.1")
"""Of max_position_notional (a strategy: of its capital), where no loss limit is set."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """One account's limits, each for one instrument unless it says otherwise. After `max_quote_age` None is the
    default that stands beside it."""

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
    max_order_quantity: dict[InstrumentId, Decimal] = {}
    """In order units, beside the venue's own."""
    max_gross_notional: Decimal | None = None
    """Σ |position| over the account's instruments of one asset; unset = max_position_notional."""
    max_net_notional: Decimal | None = None
    """|Σ position|, likewise."""
    max_messages_per_minute: int | None = None
    """Orders, amends and cancels in market time; unset = twice max_orders_per_minute."""
    max_cancel_ratio: Decimal = Decimal("0.9")
    """Orders that strategies took back, for each order over the last market hour."""
    max_repeats: int | None = None
    """Parents of one strategy, instrument and side within `repeat_window`; unset = half of max_orders_per_minute."""
    repeat_window: int = MINUTE
    duplicate_window: int = SECOND
    """Market time within which the same strategy may not want the same again; 0 = it may."""
    max_signal_age: int = 2 * MINUTE
    """In market time, from the close that the model looked at."""
    leverage: Decimal = ONE
    """By which initial margin is reckoned, whatever more the venue would lend."""
    max_daily_loss: Decimal | None = None
    """Of the whole account, per asset and UTC day; unset = 5 % of max_position_notional."""
    max_drawdown: Decimal | None = None
    """From the highest equity, net of transfers; unset = 10 % of max_position_notional."""
    allow: tuple[InstrumentId, ...] = ()
    """The only instruments that may be entered; empty = all that the account trades."""
    deny: tuple[InstrumentId, ...] = ()

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, (int, Decimal)) and value < 0:
                raise BadInput(f"limit {name} is {value}; it must be zero or more")
        if self.leverage <= 0:
            raise BadInput("limit leverage is 0; it must be above zero, 1 = everything is paid in full")
        for name in ("repeat_window", "duplicate_window"):
            if getattr(self, name) > HOUR:
                raise BadInput(f"limit {name} is {getattr(self, name) / SECOND:.0f} s; at most 3600 are kept in mind")

    def unset(self) -> tuple[str, ...]:
        return tuple(name for name in REQUIRED if getattr(self, name) is None)

    @property
    def daily_loss(self) -> Decimal | None:
        return _or_share(self.max_daily_loss, self.max_position_notional, DAILY_LOSS_SHARE)

    @property
    def drawdown(self) -> Decimal | None:
        return _or_share(self.max_drawdown, self.max_position_notional, DRAWDOWN_SHARE)

    @property
    def repeats(self) -> int:
        """How many are allowed: at least one."""
        return max((self.max_orders_per_minute or 0) // 2, 1) if self.max_repeats is None else self.max_repeats

    def as_scope(self) -> "ScopeLimits":
        """What is counted for strategies and venues as well, defaults filled in."""
        rate = self.max_orders_per_minute
        messages = None if rate is None else MESSAGES_AN_ORDER * rate
        return ScopeLimits(
            max_order_notional=self.max_order_notional,
            max_position_notional=self.max_position_notional,
            max_gross_notional=_first(self.max_gross_notional, self.max_position_notional),
            max_net_notional=_first(self.max_net_notional, self.max_position_notional),
            max_open_orders=self.max_open_orders,
            max_orders_per_minute=rate,
            max_messages_per_minute=messages if self.max_messages_per_minute is None else self.max_messages_per_minute,
        )


class ScopeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy on its account, or all accounts of a market together, may do beside the account's own limits.
    None = those bind alone."""

    max_order_notional: Decimal | None = None
    max_position_notional: Decimal | None = None
    max_gross_notional: Decimal | None = None
    max_net_notional: Decimal | None = None
    max_open_orders: int | None = None
    max_orders_per_minute: int | None = None
    max_messages_per_minute: int | None = None


NO_LIMITS = ScopeLimits()


class StrategyLimits(ScopeLimits, frozen=True, kw_only=True):
    """With `capital` (what the strategy works with, in its account's asset) its losses are limited as well."""

    capital: Decimal | None = None
    max_daily_loss: Decimal | None = None
    """Unset = 5 % of the capital."""
    max_drawdown: Decimal | None = None
    """Unset = 10 % of the capital."""

    @property
    def daily_loss(self) -> Decimal | None:
        return _or_share(self.max_daily_loss, self.capital, DAILY_LOSS_SHARE)

    @property
    def drawdown(self) -> Decimal | None:
        return _or_share(self.max_drawdown, self.capital, DRAWDOWN_SHARE)


class LimitSet(msgspec.Struct, frozen=True, kw_only=True):
    """All that binds one account: its own limits, its strategies' and its market's."""

    account: Limits
    strategies: dict[StrategyId, StrategyLimits] = {}
    venue: ScopeLimits = ScopeLimits()


def _first(value: Decimal | None, otherwise: Decimal | None) -> Decimal | None:
    return otherwise if value is None else value


def _or_share(value: Decimal | None, of: Decimal | None, share: Decimal) -> Decimal | None:
    if value is not None:
        return value
    return None if of is None else of * share
