"""Coins that pay fees of other markets (BNB): an inventory per account, and what each payment disposes of.

A fee in a third coin is worth the coin's price at that moment; its inventory leaves at average cost, and the difference
is a gain of its own. Strategies' positions are no part of the inventory: what they trade in that coin is theirs. It is
filled by the opening and by transfers, at the rate of their time, and by purchases that no strategy ordered, at cost.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.events import AccountOpened, EntryBooked, Event, OrderFilled
from jtrader.domain.ids import UNASSIGNED, AccountId, ClientOrderId, InstrumentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO
from jtrader.domain.order import Fill
from jtrader.ledger.rates import Rate, Rates

Owner = Callable[[ClientOrderId | None], StrategyId]
"""Whose order it was: `Ledger.strategy_of`."""


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """A fee in a third coin, in the reporting currency: gain = value − cost, None where a rate is unknown."""

    account: AccountId
    asset: str
    quantity: Decimal
    value: Decimal | None
    cost: Decimal | None
    rate: Rate | None
    reference: str
    ts: int

    @property
    def gain(self) -> Decimal | None:
        return None if self.value is None or self.cost is None else self.value - self.cost


class FeeSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """A fill was charged in base or quote where the one before was in a third coin: it has run out."""

    account: AccountId
    instrument: InstrumentId
    before: str
    now: str
    ts: int


class Stock(msgspec.Struct):
    """`cost` is None once something came in at an unknown rate, until it is all gone."""

    quantity: Decimal = ZERO
    cost: Decimal | None = ZERO


class CoinBook:
    """Takes each event once, in order. Not thread-safe."""

    def __init__(self, instruments: Iterable[Instrument], rates: Rates, owner: Owner) -> None:
        self._instruments = {instrument.id: instrument for instrument in instruments}
        self._rates = rates
        self._owner = owner
        self._stock: dict[tuple[AccountId, str], Stock] = {}
        self._charged: dict[AccountId, str] = {}
        self.switches: list[FeeSwitch] = []

    def stock(self, account: AccountId, asset: str) -> Stock:
        return self._stock.setdefault((account, asset), Stock())

    def apply(self, event: Event) -> Spent | None:
        match event:
            case AccountOpened(account=account, balances=balances, ts=ts):
                for asset, amount in balances.items():
                    self._receive(account, asset, amount, self._worth(asset, amount, ts))
            case EntryBooked(entry=row) if row.kind in (EntryKind.TRANSFER, EntryKind.CONVERT):
                self._moved(row)
            case OrderFilled(fill=fill) if fill.instrument in self._instruments:
                rules = self._instruments[fill.instrument]
                if rules.is_spot and self._owner(fill.client_order_id) == UNASSIGNED:
                    self._bought(fill, rules)
                return self._charge(fill, rules)
        return None

    def _moved(self, row: VenueEntry) -> None:
        if row.amount >= 0:
            self._receive(row.account, row.asset, row.amount, self._worth(row.asset, row.amount, row.ts))
        else:
            self._release(row.account, row.asset, -row.amount, ZERO)

    def _bought(self, fill: Fill, rules: Instrument) -> None:
        """A fee in base is never received, or leaves as well: the worth is that of the coins that move."""
        moved = fill.side.sign * fill.quantity - (fill.fee if fill.fee_asset == rules.base else ZERO)
        rate = self._rates(rules.quote, fill.ts)
        worth = None if rate is None else abs(moved) * fill.price * rate.price
        if moved >= 0:
            self._receive(fill.account, rules.base, moved, worth)
        else:
            self._release(fill.account, rules.base, -moved, worth)

    def _charge(self, fill: Fill, rules: Instrument) -> Spent | None:
        if not fill.fee:
            return None
        asset, before = fill.fee_asset, self._charged.get(fill.account)
        is_third = asset not in (rules.base, rules.quote, rules.settle)
        if not is_third:
            if before is not None:
                switch = FeeSwitch(
                    account=fill.account, instrument=fill.instrument, before=before, now=asset, ts=fill.ts
                )
                self.switches.append(switch)
                del self._charged[fill.account]
            return None
        self._charged[fill.account] = asset
        rate = self._rates(asset, fill.ts)
        value = None if rate is None else abs(fill.fee) * rate.price
        if fill.fee < 0:
            self._receive(fill.account, asset, -fill.fee, value)
            return None
        return Spent(
            account=fill.account,
            asset=asset,
            quantity=fill.fee,
            value=value,
            cost=self._release(fill.account, asset, fill.fee, value),
            rate=rate,
            reference=f"{fill.instrument}#{fill.trade_id}",
            ts=fill.ts,
        )

    def _worth(self, asset: str, amount: Decimal, ts: int) -> Decimal | None:
        rate = self._rates(asset, ts)
        return None if rate is None else amount * rate.price

    def _receive(self, account: AccountId, asset: str, amount: Decimal, worth: Decimal | None) -> None:
        stock = self.stock(account, asset)
        stock.cost = None if stock.cost is None or worth is None else stock.cost + worth
        stock.quantity += amount

    def _release(self, account: AccountId, asset: str, amount: Decimal, value: Decimal | None) -> Decimal | None:
        """What the amount had cost. What the inventory does not have leaves at its `value`: no gain is made up."""
        stock = self.stock(account, asset)
        covered = min(amount, stock.quantity)
        missing = None if value is None else value * (amount - covered) / amount
        if stock.cost is None or missing is None:
            cost = None
        else:
            cost = stock.cost * covered / stock.quantity + missing if covered else missing
        if covered == stock.quantity:
            stock.quantity, stock.cost = ZERO, ZERO
        elif stock.cost is not None:
            stock.cost -= stock.cost * covered / stock.quantity
            stock.quantity -= covered
        else:
            stock.quantity -= covered
        return cost
