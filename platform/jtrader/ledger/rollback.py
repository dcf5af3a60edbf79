"""The venue's side: venues tell no past balances, so what they tell now is rolled back through their own rows.

A row of the ledger moves the wallet by its amount; a spot fill moves base, quote and fee. For a derivative fill, cost
after = cost before + worth of the trade + what the venue says it realised; both are undone from now to the cut. A
periodic settlement has moved cost and wallet by the same amount. What a delivery closed comes from our books.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from jtrader.domain.account import Balance, EntryKind, VenueEntry, VenuePosition
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO, round_down
from jtrader.domain.order import Fill
from jtrader.ledger.books import Marks
from jtrader.ledger.position import FLAT, Holding, trade_value, unrealised
from jtrader.ledger.rules import rounding_at, signed_value
from jtrader.ledger.sides import Cut, Side, Window, order_of

Instruments = Mapping[InstrumentId, Instrument]
HALF = Decimal("0.5")


class VenueNow(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue tells now: balances and positions, and all rows from the window's start until now."""

    balances: tuple[Balance, ...]
    positions: tuple[VenuePosition, ...]
    fills: tuple[Fill, ...]
    entries: tuple[VenueEntry, ...]


def their_side(
    window: Window,
    now: VenueNow,
    instruments: Instruments,
    marks: tuple[Marks, Marks],
    ours: Mapping[InstrumentId, Holding] | None = None,
    delivered: Mapping[str, Holding] | None = None,
) -> Side:
    """`ours`: our holdings at the closing; they settle which of two costs is meant where the venue's words fit both.
    `delivered`: what our books had when a delivery row closed it, by the row's id: the row itself names no quantity.

    Raises BadInput for a missing mark, Broken for an instrument without rules.
    """
    closing = _roll_back(
        {balance.asset: balance.total for balance in now.balances},
        {
            position.instrument: _holding(position, _rules(instruments, position.instrument))
            for position in now.positions
        },
        [fill for fill in now.fills if fill.ts >= window.end],
        [row for row in now.entries if row.ts >= window.end],
        instruments,
        delivered or {},
    )
    closing = closing[0], _settle_ties(closing[1], now.positions, instruments, ours or {})
    opening = _roll_back(
        *closing,
        [fill for fill in now.fills if window.has_fill(fill)],
        [row for row in now.entries if window.has_row(row)],
        instruments,
        delivered or {},
    )
    return Side(
        fills=now.fills,
        entries=now.entries,
        opening=_cut(opening, instruments, marks[0], window.start),
        closing=_cut(closing, instruments, marks[1], window.end),
    )


Moment = tuple[dict[str, Decimal], dict[InstrumentId, Holding]]


def _roll_back(
    balances: Mapping[str, Decimal],
    holdings: Mapping[InstrumentId, Holding],
    fills: Sequence[Fill],
    rows: Iterable[VenueEntry],
    instruments: Instruments,
    delivered: Mapping[str, Holding],
) -> Moment:
    """Undoes the newest first; of one time the rows before the fills, as they were booked after them."""
    wallet, held = dict(balances), dict(holdings)

    def undo(asset: str, amount: Decimal) -> None:
        wallet[asset] = wallet.get(asset, ZERO) - amount

    steps: list[Fill | VenueEntry] = [*fills, *rows]
    steps.sort(key=_booked)
    for step in reversed(steps):
        if isinstance(step, VenueEntry):
            undo(step.asset, step.amount)
            if step.instrument is not None:
                held[step.instrument] = _before_row(held.get(step.instrument, FLAT), step, delivered)
            continue
        rules = _rules(instruments, step.instrument)
        quantity = step.side.sign * step.quantity
        if rules.is_spot:
            undo(rules.base, quantity)
            undo(rules.quote, -quantity * step.price)
            undo(step.fee_asset, -step.fee)
        else:
            held[step.instrument] = _before_fill(held.get(step.instrument, FLAT), step, quantity, rules)
    return wallet, {name: one for name, one in held.items() if one.quantity or _is_told(one, instruments, name)}


def _is_told(flat: Holding, instruments: Instruments, name: InstrumentId) -> bool:
    """A cost that a flat position has left over. One unit is none: of two costs that a half-way P&L fits alike (see
    `_settle_ties`) the other was taken, for a position that our closing did not know yet."""
    return bool(flat.cost) and abs(flat.cost) != _unit(_rules(instruments, name))


def _booked(step: Fill | VenueEntry) -> tuple[int, int, int]:
    """The order in which the venue booked them."""
    if isinstance(step, VenueEntry):
        return step.ts, 1, 0
    ts, number = order_of(step)
    return ts, 0, number


def _before_row(after: Holding, row: VenueEntry, delivered: Mapping[str, Holding]) -> Holding:
    if row.kind is EntryKind.SETTLEMENT:
        return Holding(after.quantity, after.cost - row.amount)
    closed = delivered.get(row.entry_id, FLAT)
    return Holding(after.quantity + closed.quantity, after.cost + closed.cost) if closed.quantity else after


def _before_fill(after: Holding, fill: Fill, quantity: Decimal, rules: Instrument) -> Holding:
    before = after.quantity - quantity
    worth = trade_value(rules, before, quantity, fill.price, rounding_at(rules, fill.ts))
    return Holding(before, after.cost - worth - (fill.realised or ZERO))


def _holding(position: VenuePosition, rules: Instrument) -> Holding:
    """Quantity and cost, which the venue tells only through its unrealised P&L: cost = worth at its mark − unrealised.

    The cost is a multiple of the market's unit and the unrealised was rounded to it, so it is the nearest multiple.
    """
    return Holding(position.quantity, round_down(_told_cost(position, rules) + _unit(rules) / 2, _unit(rules)))


def _settle_ties(
    holdings: Mapping[InstrumentId, Holding],
    positions: Iterable[VenuePosition],
    instruments: Instruments,
    ours: Mapping[InstrumentId, Holding],
) -> dict[InstrumentId, Holding]:
    """Where worth − unrealised lies half-way, the two costs beside it are equally near: ours is taken if it is the
    lower one (the upper one was)."""
    settled = dict(holdings)
    for position in positions:
        name, rules = position.instrument, _rules(instruments, position.instrument)
        half_way = (_told_cost(position, rules) / _unit(rules)) % 1 in (HALF, -HALF)
        if half_way and name in settled and name in ours:
            lower = settled[name].cost - _unit(rules)
            if ours[name].cost == lower:
                settled[name] = Holding(settled[name].quantity, lower)
    return settled


def _told_cost(position: VenuePosition, rules: Instrument) -> Decimal:
    return signed_value(rules, position.quantity, position.mark, rounding_at(rules, None)) - position.unrealised


def _unit(rules: Instrument) -> Decimal:
    return rounding_at(rules, None).unit


def _cut(moment: Moment, instruments: Instruments, marks: Marks, ts: int) -> Cut:
    balances, holdings = moment
    equity = dict(balances)
    for name, held in holdings.items():
        rules = _rules(instruments, name)
        mark = marks(name)
        if mark is None:
            raise BadInput(f"the venue told no mark price of {name} at the cut; try again when it does")
        gain = unrealised(held, rules, mark, rounding_at(rules, ts))
        equity[rules.settle] = equity.get(rules.settle, ZERO) + gain
    return Cut(balances=balances, holdings=holdings, equity=equity)


def _rules(instruments: Instruments, name: InstrumentId) -> Instrument:
    if name not in instruments:
        raise Broken(f"no rules of instrument {name}; run 'jtrader instruments' to fetch them, then reconcile again")
    return instruments[name]
