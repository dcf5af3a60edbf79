"""Linear perpetuals, one-way, cross margin: positions by exact cost, fees and realised P&L as ledger rows.

Initial margin of a symbol = max(|q|, |q + open buys|, |q − open sells|) · mark / leverage, reckoned with the order that
wants in. An order that doesn't raise it is always carried; any other needs equity (wallet + unrealised) ≥ the sum.
"""

from collections.abc import Callable, Mapping

from jtrader.matching.book import BUY
from jtrader.venue.account import Account
from jtrader.venue.clearing import Fill, NextId, Settled, fee_on
from jtrader.venue.listing import Listing
from jtrader.venue.position import move, unrealised
from jtrader.venue.records import Income, IncomeKind, Order, Position
from jtrader.venue.refusals import Refused, Why

DEFAULT_LEVERAGE = 20
SETTLE = "USDT"

Marks = Callable[[str], int]
"""A symbol's mark price now, in atoms."""


class LinearClearing:
    def __init__(self, listings: Mapping[str, Listing], marks: Marks, next_id: NextId) -> None:
        self._listings = listings
        self._marks = marks
        self._next_id = next_id

    def admit(self, account: Account, order: Order, listing: Listing, takes: tuple[int, int]) -> None:  # noqa: ARG002
        now = self.initial_margin(account)
        then = self.initial_margin(account, order)
        equity = self.equity(account)
        if then > now and then > equity:
            raise Refused(Why.MARGIN, f"order needs {then} of margin in units of 1e-8 {SETTLE}, equity is {equity}")

    def settle(self, account: Account, order: Order, listing: Listing, fill: Fill) -> Settled:
        position = account.position(order.symbol)
        moved = move(position, listing, order.side * fill.lots, fill.ticks)
        position.lots, position.cost = moved.lots, moved.cost
        position.realised += moved.realised
        fee = fee_on(listing.notional(fill.lots, fill.ticks), listing, fill.maker)
        if moved.closed:
            self._book(account, IncomeKind.REALIZED_PNL, order.symbol, moved.realised, fill)
        self._book(account, IncomeKind.COMMISSION, order.symbol, -fee, fill)
        return Settled(fee, SETTLE, moved.realised, (SETTLE,))

    def release(self, account: Account, order: Order, listing: Listing) -> None:
        """Nothing is set aside for an order here."""

    def mark(self, symbol: str) -> int:
        return self._marks(symbol)

    def wallet(self, account: Account) -> int:
        return account.holding(SETTLE).total

    def unrealised(self, account: Account) -> int:
        return sum(
            unrealised(position, self._listings[symbol], self._marks(symbol))
            for symbol, position in account.positions.items()
            if position.lots
        )

    def equity(self, account: Account) -> int:
        return self.wallet(account) + self.unrealised(account)

    def initial_margin(self, account: Account, extra: Order | None = None) -> int:
        """Of all positions and open orders, with one more order where given."""
        symbols = {symbol for symbol, position in account.positions.items() if position.lots}
        symbols.update(order.symbol for order in account.open_orders.values())
        if extra is not None:
            symbols.add(extra.symbol)
        return sum(self._symbol_margin(account, symbol, extra) for symbol in symbols)

    def position_margin(self, account: Account, symbol: str) -> int:
        """The part of the initial margin that the position alone needs."""
        return self._margin(account, symbol, abs(account.positions.get(symbol, Position()).lots))

    def symbol_margin(self, account: Account, symbol: str) -> int:
        return self._symbol_margin(account, symbol, None)

    def _symbol_margin(self, account: Account, symbol: str, extra: Order | None) -> int:
        held = account.positions.get(symbol, Position()).lots
        buys = sells = 0
        for order in (*account.open_of(symbol), extra):
            if order is None or order.symbol != symbol or order.reduce_only:
                continue
            if order.side == BUY:
                buys += order.left
            else:
                sells += order.left
        return self._margin(account, symbol, max(abs(held), abs(held + buys), abs(held - sells)))

    def _margin(self, account: Account, symbol: str, lots: int) -> int:
        leverage = account.leverage.get(symbol, DEFAULT_LEVERAGE)
        return -(-self._listings[symbol].notional_at(lots, self._marks(symbol)) // leverage)

    def _book(self, account: Account, kind: IncomeKind, symbol: str, amount: int, fill: Fill) -> None:
        account.book(
            Income(
                id=self._next_id(),
                kind=kind,
                symbol=symbol,
                asset=SETTLE,
                amount=amount,
                ts=fill.ts,
                trade_id=fill.trade_id,
            )
        )
