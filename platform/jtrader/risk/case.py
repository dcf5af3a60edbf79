"""What the gate's checks look at, and how they answer."""

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from jtrader.domain.errors import Broken
from jtrader.domain.instrument import Instrument
from jtrader.domain.order import ChildOrder
from jtrader.risk.exposure import Exposure, Standing
from jtrader.risk.limits import Limits, LimitSet, ScopeLimits
from jtrader.risk.verdict import RefusalCode

T = TypeVar("T")
Refusal = tuple[RefusalCode, str]


class Case(msgspec.Struct, frozen=True):
    order: ChildOrder
    instrument: Instrument
    limit_set: LimitSet
    exposure: Exposure

    @property
    def limits(self) -> Limits:
        return self.limit_set.account

    def scopes(self) -> Iterator[tuple[str, ScopeLimits, Standing]]:
        """What is judged by the same rules: the account, the strategy on it, the market with all its accounts."""
        yield "", self.limits.as_scope(), self.exposure
        strategy = self.order.strategy
        yield f" of strategy '{strategy}'", self.limit_set.of(strategy), self.exposure.strategy
        yield f" of market {self.instrument.market}", self.limit_set.venue, self.exposure.venue


def known(value: T | None) -> T:
    """What an earlier check has refused where it is missing."""
    if value is None:
        raise Broken("the gate reads a limit or quote that an earlier check should have refused as missing")
    return value
