"""How a strategy that stops leaves the market: its orders cancelled, and its positions closed where that is wanted."""

from collections.abc import Mapping
from time import monotonic

from jtrader.app.services.strategies.decided import Order, Submission
from jtrader.app.services.strategies.keeping import OnStop
from jtrader.domain.ids import AccountId, InstrumentId, ParentId, StrategyId
from jtrader.domain.money import ZERO, plain
from jtrader.strategy.api import Cancel, Target, View
from jtrader.strategy.targets import intent_at

PATIENCE = 5.0
"""Wall seconds after which a cancel or an exit is told again."""
TRIES = 6


class Leaving:
    """Ask for the next `step` with the book up to date until it `is_over`; `text` says what is left to do, or what
    could not be done."""

    def __init__(self, on_stop: OnStop) -> None:
        self._on_stop = on_stop
        self._due = 0.0
        self._tries = 0
        self._is_cancelling = False
        self.is_over = False
        self.text = "to be begun"

    def step(
        self,
        strategy: StrategyId,
        accounts: Mapping[InstrumentId, AccountId],
        views: Mapping[InstrumentId, View],
        prices: Mapping[InstrumentId, float],
        parents: Mapping[ParentId, bool],
        ts: int,
    ) -> list[Order]:
        """`parents`: those not over → whether they only reduce; such stay where positions stay. `ts`: market time."""
        flatten = self._on_stop == "flatten"
        working = [name for name, reduces in parents.items() if flatten or not reduces]
        held = {name: view for name, view in views.items() if abs(view.position) >= view.instrument.min_quantity}
        if not working and not (flatten and held):
            self.is_over, self.text = True, ""
            return []
        left = ", ".join(f"{plain(view.position)} of {name}" for name, view in held.items()) if flatten else ""
        self.text = "; ".join(filter(None, [f"{len(working)} orders to cancel" if working else "", left]))
        if bool(working) == self._is_cancelling and monotonic() < self._due:
            return []
        if self._tries >= TRIES:
            self.is_over, self.text = True, f"could not be done: {self.text}; see 'jtrader orders' and 'positions'"
            return []
        exits = self._exits(strategy, accounts, held, prices, ts) if flatten and not working else []
        cancels: list[Order] = [
            Cancel(parent_id=name, reason=f"the strategy stops ({self._on_stop})") for name in working
        ]
        self._tries += 1
        self._is_cancelling = bool(working)
        self._due = monotonic() + PATIENCE
        return cancels or exits

    def _exits(
        self,
        strategy: StrategyId,
        accounts: Mapping[InstrumentId, AccountId],
        held: Mapping[InstrumentId, View],
        prices: Mapping[InstrumentId, float],
        ts: int,
    ) -> list[Order]:
        target = Target(quantity=ZERO, reason="the strategy stops (flatten)")
        found: list[Order] = []
        for name, view in held.items():
            parent = ParentId(f"{strategy}-{name}-{ts}-exit{self._tries}")
            if name in prices:
                intent = intent_at(target, view, prices[name], parent, strategy, accounts[name], ts)
                found += [Submission(intent, None)] if intent else []
        return found
