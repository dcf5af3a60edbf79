"""How often things happened in market time, as a fold over events: orders, cancels, repeats, the same wish again."""

from bisect import bisect_right
from decimal import Decimal
from typing import TypeVar

from jtrader.domain.events import KillChanged, RiskLatched
from jtrader.domain.ids import AccountId, InstrumentId, Market, StrategyId, market_of
from jtrader.domain.order import ChildOrder, Intent, Side
from jtrader.domain.times import HOUR, MINUTE

Series = tuple[AccountId, StrategyId, InstrumentId, Side]
"""Whose orders repeat each other."""
Key = TypeVar("Key")
Wish = tuple[AccountId, StrategyId, InstrumentId, Side, Decimal]


class Times:
    """Ascending market times within `span` ns of the newest."""

    __slots__ = ("_span", "_times")

    def __init__(self, span: int) -> None:
        self._span = span
        self._times: list[int] = []

    def add(self, ts: int) -> None:
        times = self._times
        times.append(max(ts, times[-1]) if times else ts)
        if times[0] <= times[-1] - 2 * self._span:
            del times[: bisect_right(times, times[-1] - self._span)]

    def since(self, ts: int) -> int:
        """How many are later than `ts`."""
        return len(self._times) - bisect_right(self._times, ts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Times) and (self._span, self._times) == (other._span, other._times)

    __hash__ = None  # type: ignore[assignment]


class Pace:
    """Read it freely; `State.apply` alone changes it."""

    def __init__(self) -> None:
        self.orders: dict[AccountId, Times] = {}
        self.cancels: dict[AccountId, Times] = {}
        self.strategy_orders: dict[tuple[AccountId, StrategyId], Times] = {}
        self.amends: dict[AccountId, Times] = {}
        self.strategy_changes: dict[tuple[AccountId, StrategyId], Times] = {}
        self.repeats: dict[Series, Times] = {}
        """The first orders of parents that take risk."""
        self.withdrawn: dict[tuple[AccountId, Market], Times] = {}
        """Orders that their own strategies took back."""
        self.wishes: dict[Wish, int] = {}
        """When each was wanted last, oldest first, at most an hour back."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pace) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def ordered(self, child: ChildOrder, is_first: bool) -> None:
        """`is_first` of its parent: the slices of one wish do not repeat each other."""
        _add(self.orders, child.account, HOUR, child.ts)
        _add(self.strategy_orders, (child.account, child.strategy), MINUTE, child.ts)
        if is_first and not child.reduce_only:
            _add(self.repeats, series_of(child), HOUR, child.ts)

    def cancelled(self, child: ChildOrder, ts: int, by_its_strategy: bool) -> None:
        """Neither what people and kills cancel nor what an algorithm places anew is held against anybody."""
        _add(self.cancels, child.account, MINUTE, ts)
        if by_its_strategy:
            _add(self.withdrawn, (child.account, market_of(child.instrument)), HOUR, ts)
        _add(self.strategy_changes, (child.account, child.strategy), MINUTE, ts)

    def amended(self, child: ChildOrder, ts: int) -> None:
        _add(self.amends, child.account, MINUTE, ts)
        _add(self.strategy_changes, (child.account, child.strategy), MINUTE, ts)

    def wanted(self, intent: Intent, ts: int) -> None:
        wish = wish_of(intent)
        self.wishes.pop(wish, None)
        self.wishes[wish] = ts
        while self.wishes[oldest := next(iter(self.wishes))] <= ts - HOUR:
            del self.wishes[oldest]

    def forget(self, latch: RiskLatched) -> None:
        """Somebody released what a repeating strategy had latched: it is counted anew."""
        if latch.strategy and latch.instrument and latch.side:
            self.repeats.pop((latch.account, latch.strategy, latch.instrument, latch.side), None)

    def released(self, change: KillChanged) -> None:
        """A named person released accounts as a whole: what their strategies took back is counted anew."""
        for account, market in list(self.withdrawn) if change.strategy is None else ():
            venues = (None, market, market.partition("_")[0])
            if change.account in (None, account) and change.venue in venues:
                del self.withdrawn[account, market]

    def orders_since(self, ts: int, account: AccountId, strategy: StrategyId | None = None) -> int:
        return _since(
            self.orders.get(account) if strategy is None else self.strategy_orders.get((account, strategy)), ts
        )

    def withdrawn_since(self, ts: int, account: AccountId, market: Market) -> int:
        return _since(self.withdrawn.get((account, market)), ts)

    def messages_since(self, ts: int, account: AccountId, strategy: StrategyId | None = None) -> int:
        """Orders, cancels and amends."""
        orders = self.orders_since(ts, account, strategy)
        if strategy is not None:
            return orders + _since(self.strategy_changes.get((account, strategy)), ts)
        return orders + _since(self.cancels.get(account), ts) + _since(self.amends.get(account), ts)

    def repeats_since(self, ts: int, series: Series) -> int:
        return _since(self.repeats.get(series), ts)


def series_of(order: ChildOrder | Intent) -> Series:
    return order.account, order.strategy, order.instrument, order.side


def wish_of(intent: Intent) -> Wish:
    return intent.account, intent.strategy, intent.instrument, intent.side, intent.quantity


def _add(kept: dict[Key, Times], key: Key, span: int, ts: int) -> None:
    times = kept.get(key)
    if times is None:
        times = kept[key] = Times(span)
    times.add(ts)


def _since(times: Times | None, ts: int) -> int:
    return 0 if times is None else times.since(ts)
