"""How each market rounds money: effective-dated data per kind of contract, since venues change their rules.

Where part of a position is closed, the cost that leaves with it is rounded half-even to the settle asset's unit (all
of the rest leaves when the position goes flat); unrealised P&L is told in the same unit. Worths of inverse contracts,
being quotients, are rounded as they are booked: of the whole trade, or of each lot of contracts before they are
counted. Everything else is exact.
"""

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import cache

import msgspec

from jtrader.domain import payoff
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.money import EXACT, ONE
from jtrader.domain.times import parse_time

VERSION = 2
"""Of all that decides what an event is booked as, the roundings below among it: one more with every change, so that
what was written by the rules before is written anew from the journal."""

SATOSHI = Decimal("0.00000001")
MICRO = Decimal("0.000001")


class Rounding(msgspec.Struct, frozen=True, kw_only=True):
    """`unit` of the settle asset. `lot`: how many contracts of an inverse trade are worth a rounded amount together
    (None = all of it). `buys` and `sells`: decimal's rounding of that amount, without its sign."""

    unit: Decimal = SATOSHI
    lot: Decimal | None = None
    buys: str = ROUND_HALF_EVEN
    sells: str = ROUND_HALF_EVEN


class RoundingRule(msgspec.Struct, frozen=True, kw_only=True):
    """`rounding` holds from `since` (ns) on for the contracts that agree in all that is named."""

    rounding: Rounding
    since: int = 0
    market: str | None = None
    product: Product | None = None
    base: str | None = None
    settle: str | None = None

    def covers(self, market: str, product: Product, base: str, settle: str) -> bool:
        wanted = (self.market, self.product, self.base, self.settle)
        return all(a is None or a == b for a, b in zip(wanted, (market, product, base, settle), strict=True))


PLAIN = Rounding()
RULES: tuple[RoundingRule, ...] = (
    RoundingRule(rounding=PLAIN),
    RoundingRule(market="bitmex", settle="USDT", rounding=Rounding(unit=MICRO)),
    RoundingRule(
        market="bitmex",
        product=Product.INVERSE,
        base="BTC",
        rounding=Rounding(lot=ONE, buys=ROUND_HALF_UP, sells=ROUND_HALF_UP),
    ),
    RoundingRule(
        market="bitmex",
        product=Product.INVERSE,
        base="BTC",
        since=parse_time("2021-06-08T04:30:00Z"),
        rounding=Rounding(lot=Decimal(100), buys=ROUND_DOWN, sells=ROUND_HALF_UP),
    ),
)
"""The last row that covers a contract and has begun holds. Binance and HTX tell amounts to 8 decimals. BitMEX counts
satoshis and millionths of USDT; the worth of one XBT contract went to the nearest satoshi until 8 June 2021, when a lot
became 100 contracts, floored where it is bought and rounded where it is sold (its articles on the lot size and on the
average entry price)."""


def rounding_at(instrument: Instrument, ts: int | None, rules: Sequence[RoundingRule] | None = None) -> Rounding:
    """The rounding in force at `ts`; None = the newest."""
    kind = (str(instrument.market), instrument.product, instrument.base, instrument.settle)
    covering = _covering(*kind) if rules is None else [rule for rule in rules if rule.covers(*kind)]
    for rule in reversed(covering):
        if ts is None or rule.since <= ts:
            return rule.rounding
    return PLAIN


def signed_value(instrument: Instrument, quantity: Decimal, price: Decimal, rounding: Rounding) -> Decimal:
    """What `quantity` (signed: bought, or sold) is worth at `price` in the settle asset, so that P&L is value − cost.

    Exact for spot, linear and quanto; inverse contracts are worth −q·m/P, rounded. A quantity that is not made of whole
    lots has its odd contracts rounded by themselves.
    """
    if instrument.product is not Product.INVERSE:
        return payoff.worth(instrument.product, quantity, instrument.contract_value, price)
    count, odd = divmod(abs(quantity), rounding.lot) if rounding.lot else (ONE, abs(quantity))
    mode = rounding.buys if quantity > 0 else rounding.sells
    worth = _rounded(odd * instrument.contract_value / price, rounding.unit, mode)
    if rounding.lot and count:
        worth += count * _rounded(rounding.lot * instrument.contract_value / price, rounding.unit, mode)
    return -worth if quantity > 0 else worth


@cache
def _covering(market: str, product: Product, base: str, settle: str) -> tuple[RoundingRule, ...]:
    return tuple(rule for rule in RULES if rule.covers(market, product, base, settle))


def _rounded(amount: Decimal, unit: Decimal, mode: str) -> Decimal:
    return (amount / unit).quantize(ONE, rounding=mode, context=EXACT) * unit
