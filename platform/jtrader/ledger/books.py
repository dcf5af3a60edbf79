"""What the ledger knows, for reading: wallets, positions, P&L. Changed by `Ledger` alone."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from jtrader.domain.books import PnlPoint, PositionState
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.events import AccountOpened
from jtrader.domain.ids import UNASSIGNED, AccountId, ClientOrderId, InstrumentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO
from jtrader.ledger.funding import Moves
from jtrader.ledger.position import FLAT, Holding, unrealised
from jtrader.ledger.rules import rounding_at

Marks = Callable[[InstrumentId], Decimal | None]
"""The mark of an instrument now, or None where there is none."""

PositionKey = tuple[AccountId, StrategyId, InstrumentId]


class Result:
    """What one strategy made in one instrument; fees per asset, above zero = paid."""

    __slots__ = ("fees", "funding", "realised", "ts")

    def __init__(self) -> None:
        self.realised = ZERO
        self.funding = ZERO
        self.fees: dict[str, Decimal] = {}
        self.ts = 0

    def pay(self, asset: str, fee: Decimal) -> None:
        self.fees[asset] = self.fees.get(asset, ZERO) + fee


class Books:
    """All accounts' books as they stand."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._instruments = {instrument.id: instrument for instrument in instruments}
        self._strategy_of: dict[ClientOrderId, StrategyId] = {}
        self._seen: set[tuple[AccountId, str]] = set()
        self._opened: dict[AccountId, AccountOpened] = {}
        self._wallet: dict[AccountId, dict[str, Decimal]] = {}
        self._net: dict[tuple[AccountId, InstrumentId], Holding] = {}
        self._holdings: dict[PositionKey, Holding] = {}
        self._results: dict[PositionKey, Result] = {}
        self._moves: dict[tuple[AccountId, InstrumentId], Moves] = {}
        self._marks: dict[InstrumentId, Decimal] = {}

    def strategy_of(self, client_order_id: ClientOrderId | None) -> StrategyId:
        """The strategy of an accepted order of ours, else UNASSIGNED."""
        if client_order_id is None:
            return UNASSIGNED
        return self._strategy_of.get(client_order_id, UNASSIGNED)

    def opened(self, account: AccountId) -> AccountOpened | None:
        return self._opened.get(account)

    def position(self, account: AccountId, instrument: InstrumentId) -> Decimal:
        """The account's net quantity, signed."""
        return self._net.get((account, instrument), FLAT).quantity

    def strategy_position(self, account: AccountId, strategy: StrategyId, instrument: InstrumentId) -> Decimal:
        return self._holdings.get((account, strategy, instrument), FLAT).quantity

    def instruments_held(self, open_only: bool = False) -> set[InstrumentId]:
        """Those in which a strategy has, or had, a position."""
        return {name for (_, _, name), held in self._holdings.items() if held.quantity or not open_only}

    def cancelling(self, instrument: InstrumentId) -> list[AccountId]:
        """The accounts whose net position is flat while strategies hold some."""
        owners = {owner for (owner, _, name), held in self._holdings.items() if name == instrument and held.quantity}
        return sorted(owner for owner in owners if not self.position(owner, instrument))

    def net_holdings(self, account: AccountId) -> dict[InstrumentId, Holding]:
        """Non-zero net holdings: quantity and cost."""
        return {
            instrument: held
            for (owner, instrument), held in sorted(self._net.items())
            if owner == account and held.quantity
        }

    def balances(self, account: AccountId) -> dict[str, Decimal]:
        """The wallet per asset: opening + postings. Derivatives: without unrealised P&L."""
        return dict(sorted(self._wallet.get(account, {}).items()))

    def holdings(self) -> list[tuple[PositionKey, Holding]]:
        """Every strategy's holding, flat ones too."""
        return sorted(self._holdings.items())

    def result(self, key: PositionKey) -> Result:
        """A copy of what a strategy has made in an instrument."""
        result = Result()
        if (booked := self._results.get(key)) is not None:
            result.realised, result.funding, result.ts = booked.realised, booked.funding, booked.ts
            result.fees = dict(booked.fees)
        return result

    def rules(self, instrument: InstrumentId) -> Instrument:
        """Raises Broken for an instrument that the ledger does not know."""
        return self._instrument(instrument)

    def is_spot(self, instrument: InstrumentId) -> bool:
        return self._instrument(instrument).is_spot

    def positions(self, marks: Marks | None = None) -> list[PositionState]:
        """Every strategy's position that ever was, flat ones too; `marks` defaults to the marks seen in events."""
        lookup = marks or self._marks.get
        keys = sorted(set(self._holdings) | set(self._results))
        return [self._state(key, lookup(key[2])) for key in keys]

    def equity(self, account: AccountId, marks: Marks | None = None) -> dict[str, Decimal]:
        """Wallet + unrealised at mark per asset (spot: the wallet). Raises BadInput for a missing mark."""
        lookup = marks or self._marks.get
        equity = self.balances(account)
        for name, held in self.net_holdings(account).items():
            instrument = self._instrument(name)
            if instrument.is_spot:
                continue
            mark = lookup(name)
            if mark is None:
                raise BadInput(f"no mark price for {name}: the equity of account {account} can't be told")
            gain = unrealised(held, instrument, mark, rounding_at(instrument, None))
            equity[instrument.settle] = equity.get(instrument.settle, ZERO) + gain
        return equity

    def pnl_points(self, ts: int, marks: Marks | None = None) -> list[PnlPoint]:
        """P&L since the accounts opened, per account, strategy and asset, stamped `ts`."""
        sums: dict[tuple[AccountId, StrategyId, str], dict[str, Decimal]] = {}

        def add(key: tuple[AccountId, StrategyId, str], what: str, amount: Decimal) -> None:
            row = sums.setdefault(key, dict.fromkeys(("realised", "unrealised", "fees", "funding"), ZERO))
            row[what] += amount

        for state in self.positions(marks):
            key = (state.account, state.strategy, state.settle)
            add(key, "realised", state.realised)
            add(key, "unrealised", state.unrealised)
            add(key, "funding", state.funding)
            for asset, fee in self._results[state.account, state.strategy, state.instrument].fees.items():
                add((state.account, state.strategy, asset), "fees", fee)
        return [PnlPoint(ts=ts, account=a, strategy=s, asset=c, **row) for (a, s, c), row in sorted(sums.items())]

    def _state(self, key: PositionKey, mark: Decimal | None) -> PositionState:
        account, strategy, name = key
        instrument = self._instrument(name)
        held = self._holdings.get(key, FLAT)
        result = self._results[key]
        return PositionState(
            account=account,
            strategy=strategy,
            instrument=name,
            settle=instrument.settle,
            ts=result.ts,
            quantity=held.quantity,
            cost=held.cost,
            realised=result.realised,
            fees=result.fees.get(instrument.settle, ZERO),
            funding=result.funding,
            mark=mark,
            unrealised=ZERO if mark is None else unrealised(held, instrument, mark, rounding_at(instrument, None)),
        )

    def _instrument(self, name: InstrumentId) -> Instrument:
        try:
            return self._instruments[name]
        except KeyError:
            raise Broken(f"the ledger does not know instrument {name}; add its rules before trading it") from None
