"""Funding carry: long spot and short perpetual of the same coin while longs pay enough, flat when they no longer do.

Idea: price moves cancel out between the legs; what stays is the funding that the short receives each interval. The rate
is the prediction that the venue streams beside its mark price; it is settled at the next instant.

    enter where rate ≥ enter, leave where rate ≤ exit; yield a year ≈ rate · intervals a day · 365 − fees of four trades

Parameters: `notional` of a leg in quote currency, `enter` and `exit` as fractions of notional per interval, `hold`
minutes for which it stays in at least, so that a rate that flickers doesn't pay fees over and over.

It loses when the rate falls below zero faster than it leaves, when the basis widens so far that the perpetual's margin
is used up (the spot leg is no collateral on most venues), and when it turns over more often than funding pays for fees.
A fee taken in the coin leaves the spot leg smaller by it.
"""

from decimal import Decimal
from typing import Annotated, Any

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.market import Mark
from jtrader.domain.money import ZERO
from jtrader.domain.times import MINUTE
from jtrader.strategy.api import Decision, Setup, Strategy, View
from jtrader.strategy.legs import base_of, restored, same_amount, targets, two_legs

Rate = Annotated[float, msgspec.Meta(ge=-0.1, le=0.1)]


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    notional: Decimal
    enter: Rate = 0.0002
    exit: Rate = 0.00005
    hold: Annotated[int, msgspec.Meta(ge=0, le=43_200)] = 480

    def __post_init__(self) -> None:
        if self.notional <= 0:
            raise BadInput(f"notional = {self.notional} must be above zero")
        if not self.exit < self.enter:
            raise BadInput(f"exit = {self.exit} must be below enter = {self.enter}")


class Rule(Strategy):
    params: Params
    timer = MINUTE
    """At which a leg that was refused is wanted anew."""

    def __init__(self, setup: Setup, params: Params) -> None:
        super().__init__(setup, params)
        legs = two_legs(setup)
        spots = [leg for leg in legs if leg.is_spot]
        perps = [leg for leg in legs if leg.funding_interval]
        if len(spots) != 1 or len(perps) != 1 or spots[0].base != perps[0].base:
            names = " and ".join(leg.id for leg in legs)
            raise BadInput(f"carry needs a spot instrument and a perpetual of the same coin, not {names}")
        self._spot, self._perp = spots[0], perps[0]
        self._wanted = {self._spot.id: ZERO, self._perp.id: ZERO}
        self._since = 0

    @property
    def warmup(self) -> int:
        return 1

    def on_mark(self, mark: Mark, view: View) -> Decision:
        if view.instrument.id != self._perp.id:
            return None
        rate, holds = mark.funding_rate, any(self._wanted.values())
        self.counters["decisions"] += 1
        if not holds and rate >= self.params.enter:
            spot, perp = same_amount(self._spot, self._perp, base_of(self.params.notional, self._perp, mark.mark))
            return self._go(spot, -perp, mark.ts, f"funding {rate:.6f} is at least {self.params.enter}")
        if holds and rate <= self.params.exit and mark.ts - self._since >= self.params.hold * MINUTE:
            return self._go(ZERO, ZERO, mark.ts, f"funding {rate:.6f} is at most {self.params.exit}")
        return None

    def on_timer(self, ts: int) -> Decision:  # noqa: ARG002
        return targets(self._wanted, "funding carry") if self._since else None

    def save(self) -> dict[str, Any]:
        return {"wanted": {name: str(quantity) for name, quantity in self._wanted.items()}, "since": self._since}

    def restore(self, state: dict[str, Any]) -> None:
        self._wanted = restored(state["wanted"], self._wanted)
        self._since = state["since"]

    def _go(self, spot: Decimal, perp: Decimal, ts: int, reason: str) -> Decision:
        self._wanted = {self._spot.id: spot, self._perp.id: perp}
        self._since = ts
        return targets(self._wanted, reason)
