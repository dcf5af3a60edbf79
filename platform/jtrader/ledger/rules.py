"""How each market rounds money: effective-dated data, since venues change their rules.

Binance keeps quote and settle amounts to 8 decimals. When part of a position is closed, the cost that leaves with it is
rounded half-even to that unit (all of the rest leaves when the position goes flat); unrealised P&L is reported in the
same unit. Coin values of inverse contracts, being quotients, are rounded as they are booked. Everything else is exact.
"""

from decimal import Decimal

import msgspec

from jtrader.domain import payoff
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.money import round_half_even

SATOSHI = Decimal("0.00000001")


class RoundingRule(msgspec.Struct, frozen=True, kw_only=True):
    """The unit that one market (`*` = any other) rounds half-even to, from `since` (ns) on."""

    market: str
    since: int
    unit: Decimal


RULES: tuple[RoundingRule, ...] = (
    RoundingRule(market="*", since=0, unit=SATOSHI),
    RoundingRule(market="binance_usdm", since=0, unit=SATOSHI),
    RoundingRule(market="binance_spot", since=0, unit=SATOSHI),
)


def unit_at(market: str, ts: int, rules: tuple[RoundingRule, ...] = RULES) -> Decimal:
    """The unit in force: the newest rule of the market that began at or before `ts`, else the general one's."""
    in_force = [rule for rule in rules if rule.since <= ts and rule.market in (market, "*")]
    return max(in_force, key=lambda rule: (rule.market == market, rule.since)).unit


def signed_value(instrument: Instrument, quantity: Decimal, price: Decimal, unit: Decimal) -> Decimal:
    """What `quantity` (signed) is worth at `price` in the settle asset, so that P&L is value − cost.

    Exact for spot, linear and quanto; inverse contracts are worth −q·m/P, rounded half-even to `unit`.
    """
    value = payoff.worth(instrument.product, quantity, instrument.contract_value, price)
    return round_half_even(value, unit) if instrument.product is Product.INVERSE else value
