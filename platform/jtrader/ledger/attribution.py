"""Where a strategy's P&L of a period came from: the signal, the execution, fees, funding.

Execution is what the fills were better or worse than the price at the decision; the signal is all other price P&L. Both
add up to the strategy's realised + unrealised, in the settle asset. FX is the account's (see `reporting`).
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

import msgspec

from jtrader.domain import payoff
from jtrader.domain.events import ChildAccepted, EntryBooked, Event, FundingSeen, IntentReceived, OrderFilled
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, ParentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO, round_half_even
from jtrader.domain.order import Fill
from jtrader.ledger.book import Ledger
from jtrader.ledger.books import Marks, Result
from jtrader.ledger.rules import rounding_at

Decided = Callable[[InstrumentId, int], Decimal | None]
"""The market's price (instrument, time) when a decision was made; None = unknown."""

Key = tuple[AccountId, StrategyId, InstrumentId]


class Attribution(msgspec.Struct, frozen=True, kw_only=True):
    """In the settle asset, fees per asset (above zero = paid). `unpriced` fills have no price of their decision: what
    their execution made is part of `signal`."""

    account: AccountId
    strategy: StrategyId
    instrument: InstrumentId
    asset: str
    signal: Decimal
    execution: Decimal
    funding: Decimal
    fees: dict[str, Decimal]
    fills: int
    unpriced: int


class Tally(msgspec.Struct):
    execution: Decimal = ZERO
    fills: int = 0
    unpriced: int = 0


def attribute(
    account: AccountId,
    period: tuple[int, int],
    events: Iterable[Event],
    instruments: Mapping[InstrumentId, Instrument],
    marks: tuple[Marks, Marks],
    decided: Decided,
) -> list[Attribution]:
    """[start, end) by the journal's order; `marks` of positions at both ends."""
    ledger, intents = Ledger(instruments.values()), Decisions()
    tallies: dict[Key, Tally] = {}
    opening: dict[Key, tuple[Decimal, Result]] | None = None
    for event in events:
        ts = _time(event)
        if ts >= period[1]:
            continue
        if ts >= period[0] and opening is None:
            opening = _standing(ledger, account, marks[0])
        intents.see(event)
        if ledger.apply(event) and isinstance(event, OrderFilled) and ts >= period[0]:
            fill = event.fill
            key = (fill.account, ledger.strategy_of(fill.client_order_id), fill.instrument)
            _tally(tallies.setdefault(key, Tally()), fill, instruments[fill.instrument], intents, decided)
    before = _standing(ledger, account, marks[0]) if opening is None else opening
    return [
        _row(key, instruments[key[2]], before.get(key), now, tallies.get(key, Tally()))
        for key, now in sorted(_standing(ledger, account, marks[1]).items())
    ]


class Decisions:
    """When the decision behind an order was made."""

    def __init__(self) -> None:
        self._parents: dict[ParentId, int] = {}
        self._orders: dict[ClientOrderId, ParentId] = {}

    def see(self, event: Event) -> None:
        match event:
            case IntentReceived(intent=intent):
                self._parents[intent.parent_id] = intent.ts
            case ChildAccepted(order=order):
                self._orders[order.client_order_id] = order.parent_id

    def of(self, client_order_id: ClientOrderId | None) -> int | None:
        parent = None if client_order_id is None else self._orders.get(client_order_id)
        return None if parent is None else self._parents.get(parent)


def _tally(tally: Tally, fill: Fill, rules: Instrument, decisions: Decisions, decided: Decided) -> None:
    ts = decisions.of(fill.client_order_id)
    price = None if ts is None else decided(fill.instrument, ts)
    tally.fills += 1
    if price is None:
        tally.unpriced += 1
        return
    signed = fill.side.sign * fill.quantity
    wanted, paid = (payoff.worth(rules.product, signed, rules.contract_value, one) for one in (price, fill.price))
    tally.execution += round_half_even(wanted - paid, rounding_at(rules, fill.ts).unit)


def _standing(ledger: Ledger, account: AccountId, marks: Marks) -> dict[Key, tuple[Decimal, Result]]:
    """Realised + unrealised, and a copy of what was booked, by strategy and instrument."""
    found: dict[Key, tuple[Decimal, Result]] = {}
    for state in ledger.positions(marks):
        if state.account == account:
            key = (state.account, state.strategy, state.instrument)
            found[key] = (state.realised + state.unrealised, ledger.result(key))
    return found


def _row(
    key: Key, rules: Instrument, before: tuple[Decimal, Result] | None, now: tuple[Decimal, Result], tally: Tally
) -> Attribution:
    gain, result = now
    past_gain, past = before or (ZERO, Result())
    fees = {asset: fee - past.fees.get(asset, ZERO) for asset, fee in sorted(result.fees.items())}
    return Attribution(
        account=key[0],
        strategy=key[1],
        instrument=key[2],
        asset=rules.settle,
        signal=gain - past_gain - tally.execution,
        execution=tally.execution,
        funding=result.funding - past.funding,
        fees={asset: fee for asset, fee in fees.items() if fee},
        fills=tally.fills,
        unpriced=tally.unpriced,
    )


def _time(event: Event) -> int:
    match event:
        case OrderFilled(fill=fill):
            return fill.ts
        case EntryBooked(entry=entry):
            return entry.ts
        case FundingSeen(instant=instant):
            return instant
    return event.ts
