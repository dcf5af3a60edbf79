"""Liquidation: what falls below its maintenance margin is closed by the venue.

Sources: Binance's liquidation protocol, followed by BitMEX and HTX in their own words. All open orders of the pool (see
`clearing.margin`) are cancelled. Its positions are closed, the one that needs most first, until the rest is carried:
by an immediate-or-cancel order that goes no further than the bankruptcy price; what the book doesn't take at that the
insurance fund takes over there, off the book. A fee on what was closed goes to the fund, as far as something is left;
what the wallet lacks in the end (fees beyond bankruptcy) comes from the fund.
"""

from jtrader.domain.instrument import InstrumentStatus
from jtrader.matching.entry import Style
from jtrader.venue.account import Account
from jtrader.venue.clearing.margin import Margin, Pool
from jtrader.venue.floor import Floor
from jtrader.venue.order_entry import OrderEntry
from jtrader.venue.records import Income, IncomeKind, Order, Position
from jtrader.venue.units import ATOM, atoms, divide
from jtrader.venue.words import Ended, Leg, Origin


class Liquidation:
    def __init__(self, floor: Floor, entry: OrderEntry) -> None:
        self._floor = floor
        self._entry = entry

    def check(self, ts: int) -> list[Order]:
        """Looks at every account that holds something; returns the liquidation orders that were made."""
        derivatives = self._floor.derivatives
        if derivatives is None:
            return []
        made: list[Order] = []
        for account in self._floor.accounts.values():
            for pool in derivatives.margin.pools(account):
                if pool.is_liquidated and self._trades(pool):
                    made += self._liquidate(account, pool, derivatives.margin, ts)
        return made

    def deleverage(self, account: Account, symbol: str, leg: Leg, lots: int, ticks: int, ts: int) -> Order:
        """ADL: the venue closes part of a profitable position at a price, off the book and without a fee of
        liquidation. `lots` is at most what is held."""
        position = account.position(symbol, leg)
        order = self._order(account, position, min(lots, abs(position.lots)), Origin.DELEVERAGING, ticks, ts)
        self._entry.off_book(account, order, ticks, order.lots, ts)
        return order

    def _trades(self, pool: Pool) -> bool:
        """Nothing is closed by force while one of its instruments is halted."""
        status = self._floor.status
        return all(status[position.symbol] is InstrumentStatus.TRADING for position in pool.positions)

    def _liquidate(self, account: Account, pool: Pool, margin: Margin, ts: int) -> list[Order]:
        symbols = {position.symbol for position in pool.positions}
        for order in (*account.open_orders.values(), *account.open_conditionals.values()):
            in_pool = order.symbol in symbols if pool.isolated else not margin.is_isolated(account, order.symbol)
            if in_pool and self._floor.listings[order.symbol].settle == pool.asset:
                self._entry.expire(account, order, Ended.LIQUIDATION, ts)
        made: list[Order] = []
        for position in sorted(pool.positions, key=margin.maintenance_of, reverse=True):
            if position.lots and margin.pool_of(account, position).is_liquidated:
                made += self._close(account, position, pool, margin, ts)
        return made

    def _close(self, account: Account, position: Position, pool: Pool, margin: Margin, ts: int) -> list[Order]:
        before = margin.cross_wallet(account, pool.asset)
        bankrupt = margin.bankruptcy_price(account, position)
        ticks = self._limit(position, bankrupt)
        order = self._order(account, position, abs(position.lots), Origin.LIQUIDATION, ticks, ts)
        self._entry.work(account, order, ts)
        made = [order]
        if position.lots:
            rest = self._order(account, position, abs(position.lots), Origin.LIQUIDATION, ticks, ts)
            mark = divide(self._floor.marks(position.symbol), self._floor.listings[position.symbol].tick)
            self._entry.off_book(account, rest, ticks or max(1, mark), rest.lots, ts)
            made.append(rest)
        left = (
            margin.cross_wallet(account, pool.asset) - before
            if pool.isolated
            else margin.cross_equity(account, pool.asset)
        )
        self._charge(account, position, made, left, is_last=pool.isolated or not _is_open(pool), ts=ts)
        return made

    def _limit(self, position: Position, bankrupt: int) -> int | None:
        """The worst tick index that closing may have without more being lost than there is; None = any."""
        tick = self._floor.listings[position.symbol].tick
        if bankrupt <= 0:
            return None
        return -(-bankrupt // tick) if position.lots > 0 else max(1, bankrupt // tick)

    def _charge(
        self, account: Account, position: Position, made: list[Order], left: int, is_last: bool, ts: int
    ) -> None:
        """The fee, as far as there is something `left` to take; then what is missing once nothing else is open."""
        listing = self._floor.listings[position.symbol]
        worth, unit = sum(order.quote for order in made), listing.settle_unit
        fee = min(max(0, left), divide(worth * atoms(listing.liquidation_fee), ATOM * unit) * unit)
        rows = []
        if fee:
            rows.append(self._row(account, IncomeKind.LIQUIDATION_FEE, made[0], -fee, ts))
        if left < 0 and is_last:
            rows.append(self._row(account, IncomeKind.INSURANCE, made[-1], -left, ts))
        if rows:
            moved = sum(row.amount for row in rows)
            self._floor.tell_balances(account, "INSURANCE_CLEAR", ts, (listing.settle,), (position,), moved, rows)

    def _order(
        self, account: Account, position: Position, lots: int, origin: Origin, ticks: int | None, ts: int
    ) -> Order:
        number = self._floor.next_order()
        order = Order(
            id=number,
            client_id=f"{'autoclose' if origin is Origin.LIQUIDATION else 'adl_autoclose'}-{number}",
            account=account.name,
            symbol=position.symbol,
            side=-1 if position.lots > 0 else 1,
            style=Style.MARKET if ticks is None else Style.IOC,
            lots=lots,
            price=ticks,
            reduce_only=True,
            created=ts,
            updated=ts,
            leg=position.leg,
            origin=origin,
        )
        account.record(order)
        return order

    def _row(self, account: Account, kind: IncomeKind, order: Order, amount: int, ts: int) -> Income:
        asset = self._floor.listings[order.symbol].settle
        row = Income(
            id=0, kind=kind, symbol=order.symbol, asset=asset, amount=amount, ts=ts, order_id=order.id, leg=order.leg
        )
        return self._floor.book(account, row)


def _is_open(pool: Pool) -> bool:
    return any(position.lots for position in pool.positions)
