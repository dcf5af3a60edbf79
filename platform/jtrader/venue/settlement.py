"""What happens to positions by the clock: funding, periodic settlement, delivery.

Funding (Binance, BitMEX, HTX): the position of the instant pays or gets worth·rate. Periodic settlement (HTX, every
eight hours): unrealised P&L at the settlement price moves to the wallet and the position price becomes the settlement
price, the open price stays. Delivery (all): a dated contract closes at the settlement price and is flat.
"""

from collections.abc import Mapping

from jtrader.venue.account import Account
from jtrader.venue.floor import Floor
from jtrader.venue.listing import Listing
from jtrader.venue.order_entry import OrderEntry
from jtrader.venue.position import funding, move_at
from jtrader.venue.records import Income, IncomeKind, Position
from jtrader.venue.units import ATOM, atoms, divide
from jtrader.venue.words import Ended


class Settlement:
    def __init__(self, floor: Floor, entry: OrderEntry) -> None:
        self._floor = floor
        self._entry = entry

    def pay_funding(self, symbol: str, mark: int, rate: int, ts: int) -> None:
        """Settles the positions of the instant, a row each; `mark` and `rate` in atoms."""
        listing = self._floor.listing(symbol)
        for account, position in self._held(symbol):
            amount = funding(position, listing, mark, rate)
            row = self._book(account, position, IncomeKind.FUNDING_FEE, amount, mark, ts, rate)
            self._tell(account, position, "FUNDING_FEE", row)

    def settle_periodic(self, prices: Mapping[str, int], ts: int) -> None:
        """Re-bases each position of the symbols in `prices` (atoms): worth at the price − cost becomes a SETTLEMENT
        row, and the cost becomes that worth, so that what follows is reckoned from the settlement price."""
        for symbol, price in prices.items():
            listing = self._floor.listing(symbol)
            for account, position in self._held(symbol):
                worth = listing.worth(position.lots, price, ts)
                amount = worth - position.cost
                position.cost = worth
                position.settled += amount
                row = self._book(account, position, IncomeKind.SETTLEMENT, amount, price, ts)
                self._tell(account, position, "SETTLEMENT", row)
            for account in self._floor.accounts.values():
                for position in account.positions_of(symbol):
                    position.period_realised = 0

    def deliver(self, symbol: str, price: int, ts: int) -> None:
        """Ends the symbol's orders and closes its positions at the settlement price (atoms): a DELIVERY row with the
        P&L and, where the contract has one, the delivery fee as COMMISSION. The instrument's status is the caller's."""
        listing, derivatives = self._floor.listing(symbol), self._floor.derivatives
        if derivatives is None:
            return
        for account in self._floor.accounts.values():
            for order in (*account.open_of(symbol), *account.waiting_of(symbol)):
                self._entry.expire(account, order, Ended.CLOSED, ts)
        for account, position in self._held(symbol):
            closing = -position.lots
            fee = _delivery_fee(listing, closing, price, ts)
            moved = move_at(position, listing, closing, price, ts)
            row = self._book(account, position, IncomeKind.DELIVERY, moved.realised, price, ts)
            rows = [row]
            if fee:
                rate = atoms(listing.delivery_fee)
                rows.append(self._book(account, position, IncomeKind.COMMISSION, -fee, price, ts, rate))
            derivatives.apply(account, position, moved)
            self._tell(account, position, "DELIVERY", *rows)

    def _held(self, symbol: str) -> list[tuple[Account, Position]]:
        return [
            (account, position)
            for account in self._floor.accounts.values()
            for position in account.positions_of(symbol)
            if position.lots
        ]

    def _book(
        self, account: Account, position: Position, kind: IncomeKind, amount: int, price: int, ts: int, rate: int = 0
    ) -> Income:
        """An isolated position's own margin takes what is not realised by closing."""
        derivatives, kept = self._floor.derivatives, (IncomeKind.FUNDING_FEE, IncomeKind.SETTLEMENT)
        if kind in kept and derivatives is not None and derivatives.margin.is_isolated(account, position.symbol):
            position.margin += amount
        row = Income(
            id=0,
            kind=kind,
            symbol=position.symbol,
            asset=self._floor.listings[position.symbol].settle,
            amount=amount,
            ts=ts,
            leg=position.leg,
            lots=position.lots,
            price=price,
            rate=rate,
        )
        return self._floor.book(account, row)

    def _tell(self, account: Account, position: Position, reason: str, *rows: Income) -> None:
        self._floor.tell_balances(
            account, reason, rows[0].ts, (rows[0].asset,), (position,), sum(row.amount for row in rows), rows
        )


def _delivery_fee(listing: Listing, lots: int, price: int, ts: int) -> int:
    unit = listing.settle_unit
    return divide(abs(listing.worth(lots, price, ts)) * atoms(listing.delivery_fee), ATOM * unit) * unit
