"""What should not happen at a venue and does: a fill beyond an order's quantity, a trade that is taken back.

Nothing that was told is changed: a bust is told by new ledger rows that undo the trade's money.
"""

from jtrader.domain.errors import BadInput
from jtrader.domain.order import OrderStatus
from jtrader.venue.account import Account
from jtrader.venue.floor import Floor
from jtrader.venue.order_entry import OrderEntry
from jtrader.venue.position import move
from jtrader.venue.records import Income, IncomeKind, Order, Position, Trade


class Mishaps:
    def __init__(self, floor: Floor, entry: OrderEntry) -> None:
        self._floor = floor
        self._entry = entry

    def overfill(self, order: Order, lots: int, ts: int) -> None:
        """So many lots more than ordered, off the book, at the price of the order's last trade."""
        account = self._floor.accounts[order.account]
        trades = account.trades_of.get(order.id)
        if order.status is not OrderStatus.FILLED or not trades:
            raise BadInput(f"order {order.id} is not filled: there is nothing to overfill")
        self._entry.overfill(account, order, trades[-1].price, lots, ts)

    def bust(self, account: Account, trade: Trade, ts: int) -> list[Income]:
        """Takes a trade back: the position becomes what it would be without it, and ADJUSTMENT rows that name it undo
        its fee and the difference in what was realised (spot: what was swapped). Not where the position was settled
        periodically or delivered, which would have to be undone as well: BadInput."""
        if (trade.symbol, trade.id) in account.busted or trade not in account.trades_of.get(trade.order_id, []):
            raise BadInput(f"{account.name} has no trade {trade.id} of {trade.symbol} that could be taken back")
        changes = {trade.fee_asset: trade.fee}
        if self._floor.derivatives is None:
            instrument = self._floor.listings[trade.symbol].instrument
            bought = trade.side * trade.lots * self._floor.listings[trade.symbol].lot
            for asset, amount in ((instrument.base, -bought), (instrument.quote, trade.side * trade.quote)):
                changes[asset] = changes.get(asset, 0) + amount
            account.busted.append((trade.symbol, trade.id))
            positions: tuple[Position, ...] = ()
        else:
            position = account.position(trade.symbol, trade.leg)
            settle = self._floor.listings[trade.symbol].settle
            changes[settle] = changes.get(settle, 0) + self._without(account, position, trade)
            positions = (position,)
        rows = [self._row(account, trade, asset, amount, ts) for asset, amount in changes.items() if amount]
        self._floor.tell_balances(account, "ADJUSTMENT", ts, [*changes], positions, rows=rows)
        return rows

    def _without(self, account: Account, position: Position, trade: Trade) -> int:
        """Goes through the position's trades again without the busted ones; the difference in what was realised."""
        fixed = (IncomeKind.SETTLEMENT, IncomeKind.DELIVERY)
        if any(row.kind in fixed and (row.symbol, row.leg) == (trade.symbol, trade.leg) for row in account.income):
            raise BadInput(f"{trade.symbol} was settled: trade {trade.id} can't be taken back any more")
        account.busted.append((trade.symbol, trade.id))
        listing = self._floor.listings[trade.symbol]
        again = Position(symbol=position.symbol, leg=position.leg)
        for one in account.trades:
            of_it = one.symbol == trade.symbol and one.leg is trade.leg
            if not of_it or (one.symbol, one.id) in account.busted:
                continue
            moved = move(again, listing, one.side * one.lots, one.price, one.ts)
            again.lots, again.cost, again.open_cost = moved.lots, moved.cost, moved.open_cost
            again.realised += moved.realised
        change = again.realised - position.realised
        position.lots, position.cost, position.open_cost = again.lots, again.cost, again.open_cost
        position.realised += change
        position.period_realised += change
        if position.lots == 0:
            position.margin = 0
        return change

    def _row(self, account: Account, trade: Trade, asset: str, amount: int, ts: int) -> Income:
        row = Income(
            id=0,
            kind=IncomeKind.ADJUSTMENT,
            symbol=trade.symbol,
            asset=asset,
            amount=amount,
            ts=ts,
            order_id=trade.order_id,
            leg=trade.leg,
            reference=f"bust {trade.id}",
        )
        return self._floor.book(account, row)
