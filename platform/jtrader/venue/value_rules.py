"""How BitMEX turns an inverse contract's worth into whole satoshis.

The worth of one lot of contracts (not of the whole trade) is rounded, then counted. Until 8 June 2021 a lot was one
contract and its worth went to the nearest satoshi; since then a lot of XBTUSD is 100 contracts, floored where it adds
to a long position and rounded where it adds to a short one (BitMEX's article on the average entry price). A trade is a
buy or a sell before it is anybody's position, so it is the trade's side that decides here: buys floor, sells round.
"""

from collections.abc import Sequence
from enum import StrEnum, auto

import msgspec

from jtrader.venue.units import ATOM


class To(StrEnum):
    DOWN = auto()
    NEAREST = auto()
    """Half away from zero."""


class ValueRule(msgspec.Struct, frozen=True, kw_only=True):
    """In force from `since` (ns) on: the worth of each `contracts` is rounded, of buys and of sells its own way."""

    since: int
    contracts: int
    buys: To
    sells: To

    def value(self, quantity: int, contract: int, price: int) -> int:
        """Signed quantity in atoms of contracts, worth of one in atoms, price in atoms → signed atoms.

        A quantity that is not made of whole lots keeps the odd part's worth in proportion, rounded like the rest.
        """
        size = self.contracts * ATOM
        count, odd = divmod(abs(quantity), size)
        to = self.buys if quantity > 0 else self.sells
        worth = count * _rounded(size * contract, price, to)
        if odd:
            worth += _rounded(odd * contract, price, to)
        return worth if quantity > 0 else -worth


def rule_at(rules: Sequence[ValueRule], ts: int | None) -> ValueRule | None:
    """The newest rule that began at or before `ts`; None when none has. `ts` None = the newest of all."""
    for rule in reversed(rules):
        if ts is None or rule.since <= ts:
            return rule
    return None


def _rounded(numerator: int, denominator: int, to: To) -> int:
    if to is To.DOWN:
        return numerator // denominator
    return (2 * numerator + denominator) // (2 * denominator)
