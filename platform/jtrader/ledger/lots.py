"""First in, first out: a second projection of the same fills, for tax where it is asked for; never the trading view.

Per account and instrument. Costs and proceeds are net of fees in the settle asset; a spot buy's fee in base leaves
fewer coins for the same money. Over a round trip to flat the gains sum to what average cost brought the wallet. Fees in
a third coin are disposals of that coin (see `coins`).
"""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.errors import Broken
from jtrader.domain.events import EntryBooked, Event, OrderFilled
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO, round_half_even
from jtrader.domain.order import Fill
from jtrader.ledger.position import FLAT, Holding, rebased, traded
from jtrader.ledger.rules import Rounding, rounding_at


class Lot(msgspec.Struct, frozen=True):
    """What is left of one opening fill: signed quantity and signed cost."""

    quantity: Decimal
    cost: Decimal
    ts: int
    trade_id: str


class Disposal(msgspec.Struct, frozen=True, kw_only=True):
    """A lot, or a part of one, that was closed: `quantity` signed as it was held; gain = proceeds − cost."""

    account: AccountId
    instrument: InstrumentId
    opened_by: str
    opened: int
    closed_by: str
    closed: int
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal

    @property
    def gain(self) -> Decimal:
        return self.proceeds - self.cost


Place = tuple[AccountId, InstrumentId]


class LotBook:
    """Takes each event once, in order. Not thread-safe."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._instruments = {instrument.id: instrument for instrument in instruments}
        self._lots: dict[Place, deque[Lot]] = {}
        self._average: dict[Place, Holding] = {}
        self._seen: set[tuple[AccountId, str, str]] = set()

    def lots(self, account: AccountId, instrument: InstrumentId) -> tuple[Lot, ...]:
        """Open ones, oldest first."""
        return tuple(self._lots.get((account, instrument), ()))

    def apply(self, event: Event) -> list[Disposal]:
        """Raises Broken for a fill of an instrument without rules."""
        match event:
            case OrderFilled(fill=fill) if self._is_new(fill.account, fill.instrument, fill.trade_id):
                return self._trade(fill)
            case EntryBooked(entry=row) if row.instrument in self._instruments:
                if self._is_new(row.account, "", row.entry_id):
                    return self._row(row, self._instruments[row.instrument])
        return []

    def _is_new(self, account: AccountId, place: str, name: str) -> bool:
        key = (account, place, name)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _trade(self, fill: Fill) -> list[Disposal]:
        rules = self._instruments.get(fill.instrument)
        if rules is None:
            raise Broken(f"no rules of instrument {fill.instrument}: its lots can't be told")
        rounding, place = rounding_at(rules, fill.ts), (fill.account, fill.instrument)
        bought = fill.side.sign * fill.quantity
        quantity = bought - (fill.fee if rules.is_spot and fill.fee_asset == rules.base else ZERO)
        before = self._average.get(place, FLAT)
        step = traded(before, rules, quantity, fill.price, rounding)
        self._average[place] = step.holding
        money = step.value + (bought - quantity) * fill.price  # what a fee in base cost was paid for, too
        if fill.fee_asset == rules.settle:
            money += fill.fee
        closing = min(abs(quantity), abs(before.quantity)) if before.quantity * quantity < 0 else ZERO
        closed_money = round_half_even(money * closing / abs(quantity), rounding.unit) if quantity else ZERO
        closed_money = money if closing == abs(quantity) else closed_money
        gone = self._close(place, closing, -closed_money, (fill.trade_id, fill.ts), rounding)
        if closing < abs(quantity):
            opened = quantity + closing * (1 if before.quantity > 0 else -1)
            self._lots.setdefault(place, deque()).append(Lot(opened, money - closed_money, fill.ts, fill.trade_id))
        return gone

    def _row(self, row: VenueEntry, rules: Instrument) -> list[Disposal]:
        place = (row.account, rules.id)
        held = self._average.get(place, FLAT)
        if row.kind is EntryKind.SETTLEMENT and held.quantity:
            self._average[place] = rebased(held, row.amount)
        if row.kind is not EntryKind.DELIVERY or not held.quantity:
            return []
        self._average[place] = FLAT
        worth, rounding = held.cost + row.amount, rounding_at(rules, row.ts)
        return self._close(place, abs(held.quantity), worth, (row.entry_id, row.ts), rounding)

    def _close(
        self, place: Place, quantity: Decimal, proceeds: Decimal, by: tuple[str, int], rounding: Rounding
    ) -> list[Disposal]:
        """Takes `quantity` (unsigned) from the oldest lots; the last part takes what rounding leaves of `proceeds`."""
        lots, left, rest = self._lots.get(place, deque()), quantity, proceeds
        gone: list[Disposal] = []
        while left > 0:
            lot = lots.popleft()
            part = min(left, abs(lot.quantity))
            cost = lot.cost
            if part < abs(lot.quantity):
                cost = round_half_even(lot.cost * part / abs(lot.quantity), rounding.unit)
                sign = 1 if lot.quantity > 0 else -1
                lots.appendleft(Lot(lot.quantity - sign * part, lot.cost - cost, lot.ts, lot.trade_id))
            made = rest if part == left else round_half_even(proceeds * part / quantity, rounding.unit)
            left, rest = left - part, rest - made
            gone.append(
                Disposal(
                    account=place[0],
                    instrument=place[1],
                    opened_by=lot.trade_id,
                    opened=lot.ts,
                    closed_by=by[0],
                    closed=by[1],
                    quantity=part if lot.quantity > 0 else -part,
                    cost=cost,
                    proceeds=made,
                )
            )
        return gone
