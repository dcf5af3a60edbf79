"""What the gate's checks look at, and how they answer."""

from typing import TypeVar

import msgspec

from jtrader.domain.errors import Broken
from jtrader.domain.instrument import Instrument
from jtrader.domain.order import ChildOrder
from jtrader.risk.exposure import Exposure, Standing
from jtrader.risk.limits import NO_LIMITS, Limits, LimitSet, ScopeLimits
from jtrader.risk.verdict import RefusalCode

T = TypeVar("T")
Refusal = tuple[RefusalCode, str]
Scope = tuple[str, ScopeLimits, Standing]
"""Whose limits they are, as it is told; the limits; where it stands."""


class Case(msgspec.Struct, frozen=True):
    order: ChildOrder
    instrument: Instrument
    limits: Limits
    exposure: Exposure
    scopes: list[Scope]
    """What is judged by the same rules: the account, the strategy on it, the market with all its accounts."""


def case_of(order: ChildOrder, instrument: Instrument, limits: LimitSet, exposure: Exposure) -> Case:
    scopes: list[Scope] = [("", limits.account.as_scope(), exposure)]
    own = limits.strategies.get(order.strategy)
    if own is not None:
        scopes.append((f" of strategy '{order.strategy}'", own, exposure.strategy))
    if limits.venue != NO_LIMITS:
        scopes.append((f" of market {instrument.market}", limits.venue, exposure.venue))
    return Case(order, instrument, limits.account, exposure, scopes)


def known(value: T | None) -> T:
    """What an earlier check has refused where it is missing."""
    if value is None:
        raise Broken("the gate reads a limit or quote that an earlier check should have refused as missing")
    return value
