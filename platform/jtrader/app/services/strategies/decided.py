"""What a rule's decision means: intents and cancels, checked against what the strategy may trade."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, InstrumentId, ParentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.order import Intent
from jtrader.domain.signal import Signal
from jtrader.strategy.api import Action, Cancel, Decision, Target, View
from jtrader.strategy.targets import intent_at


class Cause(NamedTuple):
    """What was decided on: `ts` is market time, `tag` names it in the ids of what is sent."""

    instrument: InstrumentId
    ts: int
    tag: str
    arrived: float
    """perf_counter."""


class Submission(NamedTuple):
    intent: Intent
    signal: Signal | None


Order = Submission | Cancel


def orders_of(
    decision: Decision,
    cause: Cause,
    strategy: StrategyId,
    accounts: Mapping[InstrumentId, AccountId],
    instruments: Mapping[InstrumentId, Instrument],
    view: Callable[[InstrumentId], View],
    price: Callable[[InstrumentId], float | None],
) -> list[Order]:
    """Cancels first. Raises BadInput for what is not the strategy's to trade, and for a target without any price."""
    actions = _actions(decision)
    orders: list[Order] = [action for action in actions if isinstance(action, Cancel)]
    for action in actions:
        if isinstance(action, Cancel):
            continue
        name = (action.instrument or cause.instrument) if isinstance(action, Target) else action.instrument
        if name not in instruments:
            raise BadInput(f"{name} is not among its instruments: {', '.join(sorted(instruments))}")
        if isinstance(action, Target):
            known = price(name)
            if known is None:
                raise BadInput(f"a target for {name} before any price of it was told")
            parent = ParentId(f"{strategy}-{name}-{cause.tag}")
            intent = intent_at(action, view(name), known, parent, strategy, accounts[name], cause.ts)
            orders += [Submission(intent, action.signal)] if intent else []
        elif (action.strategy, action.account) != (strategy, accounts[name]):
            raise BadInput(f"intent {action.parent_id} is of {action.strategy} on {action.account}, not its own")
        else:
            orders.append(Submission(action, None))
    return orders


def _actions(decision: Decision) -> Sequence[Action]:
    if decision is None:
        return ()
    return (decision,) if isinstance(decision, Target | Intent | Cancel) else decision
