"""Perpetuals and dated contracts of every payoff: positions by exact cost, fees and realised P&L as ledger rows.

An order that doesn't raise the initial margin is always carried; any other needs cross equity ≥ what is needed with it.
An isolated position sets worth/leverage of what it opens aside and gives it back in proportion as it closes; realised
P&L and fees go through the cross wallet, funding through the position's own margin.
"""

from collections.abc import Callable

from jtrader.venue.account import Account
from jtrader.venue.clearing.base import Fill, Settled
from jtrader.venue.clearing.fees import NativeCoin
from jtrader.venue.clearing.margin import Margin
from jtrader.venue.listing import Listing
from jtrader.venue.position import Moved, move
from jtrader.venue.records import Income, IncomeKind, Order, Position
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import divide

Book = Callable[[Account, Income], Income]
"""Gives a row its number, writes it into the account's ledger, returns it."""


class Derivatives:
    def __init__(self, margin: Margin, native: NativeCoin, book: Book) -> None:
        self.margin = margin
        self._native = native
        self._book = book

    def admit(self, account: Account, order: Order, listing: Listing, takes: tuple[int, int]) -> None:  # noqa: ARG002
        asset = listing.settle
        rise = self.margin.rise(account, order)
        if rise <= 0:
            return
        needed, equity = self.margin.needed(account, asset) + rise, self.margin.cross_equity(account, asset)
        if needed > equity:
            raise Refused(Why.MARGIN, f"order needs {needed} of margin in units of 1e-8 {asset}, equity is {equity}")

    def settle(self, account: Account, order: Order, listing: Listing, fill: Fill) -> Settled:
        position = account.position(order.symbol, order.leg)
        held = position.lots
        moved = move(position, listing, order.side * fill.lots, fill.ticks, fill.ts)
        self.apply(account, position, moved)
        worth = abs(listing.worth(order.side * fill.lots, fill.ticks * listing.tick, fill.ts))
        fee = self._native.fee(account, worth, worth, listing, fill.maker, listing.settle)
        rows = []
        if moved.closed:
            closed = moved.closed if held > 0 else -moved.closed
            rows.append(
                self._row(account, order, fill, IncomeKind.REALIZED_PNL, listing.settle, moved.realised, closed)
            )
        rows.append(self._row(account, order, fill, IncomeKind.COMMISSION, fee.asset, -fee.amount, 0))
        assets = tuple(dict.fromkeys((listing.settle, fee.asset)))
        return Settled(worth, fee.amount, fee.asset, moved.realised, moved.closed, assets, tuple(rows))

    def release(self, account: Account, order: Order, listing: Listing) -> None:
        """Nothing is set aside for an order here."""

    def apply(self, account: Account, position: Position, moved: Moved) -> None:
        """The position after a fill; an isolated one's margin with it."""
        if self.margin.is_isolated(account, position.symbol):
            position.margin = self._isolated_margin(account, position, moved)
        position.lots, position.cost, position.open_cost = moved.lots, moved.cost, moved.open_cost
        position.realised += moved.realised
        position.period_realised += moved.realised
        if moved.lots == 0:
            position.settled = 0

    def _isolated_margin(self, account: Account, position: Position, moved: Moved) -> int:
        """In whole units of the settle asset: what opens adds rounded up."""
        held, unit = abs(position.lots), self.margin.settle_unit(position.symbol)
        kept = position.margin
        if moved.closed:
            kept = 0 if moved.closed == held else kept - divide(kept * moved.closed, held * unit) * unit
        opened = abs(moved.lots) - (held - moved.closed)
        if opened:
            share = abs(moved.cost) * opened // abs(moved.lots)
            kept += -(-share // (self.margin.leverage(account, position.symbol) * unit)) * unit
        return kept

    def _row(
        self, account: Account, order: Order, fill: Fill, kind: IncomeKind, asset: str, amount: int, closed: int
    ) -> Income:
        return self._book(
            account,
            Income(
                id=0,
                kind=kind,
                symbol=order.symbol,
                asset=asset,
                amount=amount,
                ts=fill.ts,
                trade_id=fill.trade_id,
                order_id=order.id,
                leg=order.leg,
                lots=closed,
            ),
        )
