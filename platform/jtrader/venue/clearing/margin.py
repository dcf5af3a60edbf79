"""What positions and open orders need: initial and maintenance margin, equity, liquidation price. Only reckons.

Initial margin of a symbol = max(|q|, |q + open buys|, |q − open sells|) · mark / leverage, in hedge mode each leg with
the orders that open it. Maintenance margin = |q| · mark · rate, one bracket. Margin is kept in pools: all cross
positions of one settle asset share the wallet less what isolated positions have set aside; an isolated position stands
with its own margin. (Sources: Binance's and HTX's guides of cross and isolated margin.)
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from jtrader.matching.book import BUY
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.position import unrealised
from jtrader.venue.records import Order, Position
from jtrader.venue.units import ATOM, divide
from jtrader.venue.words import Leg

Marks = Callable[[str], int]
"""A symbol's mark price now, in atoms."""


class Pool(msgspec.Struct, frozen=True):
    """What stands together: the margin behind some positions, and what they are worth and need now."""

    asset: str
    positions: tuple[Position, ...]
    wallet: int
    unrealised: int
    maintenance: int
    isolated: bool

    @property
    def equity(self) -> int:
        return self.wallet + self.unrealised

    @property
    def is_liquidated(self) -> bool:
        """Binance's condition: margin balance below maintenance margin."""
        return bool(self.positions) and self.equity < self.maintenance


class Margin:
    def __init__(self, listings: Mapping[str, Listing], marks: Marks, default_leverage: int) -> None:
        self._listings = listings
        self._marks = marks
        self._default_leverage = default_leverage

    def mark(self, symbol: str) -> int:
        return self._marks(symbol)

    def settle_unit(self, symbol: str) -> int:
        return self._listings[symbol].settle_unit

    def leverage(self, account: Account, symbol: str) -> int:
        return account.modes.leverage.get(symbol, self._default_leverage)

    def is_isolated(self, account: Account, symbol: str) -> bool:
        return account.modes.isolated.get(symbol, False)

    def wallet(self, account: Account, asset: str) -> int:
        return account.holding(asset).total

    def isolated_margin(self, account: Account, asset: str) -> int:
        """What isolated positions have set aside of the wallet."""
        return sum(
            p.margin for p in account.positions.values() if p.margin and self._listings[p.symbol].settle == asset
        )

    def cross_wallet(self, account: Account, asset: str) -> int:
        return self.wallet(account, asset) - self.isolated_margin(account, asset)

    def unrealised_of(self, position: Position) -> int:
        return unrealised(position, self._listings[position.symbol], self._marks(position.symbol))

    def unrealised(self, account: Account, asset: str) -> int:
        return sum(self.unrealised_of(position) for position in self._open(account, asset))

    def equity(self, account: Account, asset: str) -> int:
        return self.wallet(account, asset) + self.unrealised(account, asset)

    def cross_equity(self, account: Account, asset: str) -> int:
        cross = (p for p in self._open(account, asset) if not self.is_isolated(account, p.symbol))
        return self.cross_wallet(account, asset) + sum(self.unrealised_of(position) for position in cross)

    def available(self, account: Account, asset: str) -> int:
        """What new orders may still need: cross equity less what is needed already; never below zero."""
        return max(0, self.cross_equity(account, asset) - self.needed(account, asset))

    def withdrawable(self, account: Account, asset: str) -> int:
        """What may leave: available, but profit that is not realised stays."""
        return min(self.available(account, asset), max(0, account.holding(asset).free))

    def needed(self, account: Account, asset: str) -> int:
        """Initial margin that the cross wallet carries: of cross symbols all of it, of isolated ones what their open
        orders would add."""
        total = 0
        for symbol in self._symbols(account, asset):
            total += self.symbol_margin(account, symbol)
            if self.is_isolated(account, symbol):
                total -= self.position_margin(account, symbol)
        return total

    def rise(self, account: Account, order: Order) -> int:
        """By how much one more order raises the initial margin, or a changed one in place of that of its number."""
        return self._symbol_margin(account, order.symbol, order) - self.symbol_margin(account, order.symbol)

    def initial_margin(self, account: Account, asset: str) -> int:
        """Of all positions and open orders."""
        return sum(self.symbol_margin(account, symbol) for symbol in self._symbols(account, asset))

    def position_margin(self, account: Account, symbol: str) -> int:
        """The part of the initial margin that the positions alone need."""
        return self._margin(account, symbol, sum(abs(p.lots) for p in account.positions_of(symbol)))

    def symbol_margin(self, account: Account, symbol: str) -> int:
        return self._symbol_margin(account, symbol, None)

    def maintenance_of(self, position: Position) -> int:
        listing = self._listings[position.symbol]
        worth = listing.notional_at(position.lots, self._marks(position.symbol))
        return divide(worth * listing.maintenance_rate, ATOM)

    def maintenance(self, account: Account, asset: str) -> int:
        return sum(self.maintenance_of(position) for position in self._open(account, asset))

    def pools(self, account: Account) -> list[Pool]:
        """Every group of open positions that stands or falls together."""
        found = []
        cross: dict[str, list[Position]] = {}
        for position in account.positions.values():
            if not position.lots:
                continue
            asset = self._listings[position.symbol].settle
            if self.is_isolated(account, position.symbol):
                found.append(self._pool(asset, [position], position.margin, isolated=True))
            else:
                cross.setdefault(asset, []).append(position)
        found.extend(
            self._pool(asset, positions, self.cross_wallet(account, asset), isolated=False)
            for asset, positions in cross.items()
        )
        return found

    def pool_of(self, account: Account, position: Position) -> Pool:
        """The pool of an open position."""
        return next(pool for pool in self.pools(account) if any(position is one for one in pool.positions))

    def liquidation_price(self, account: Account, position: Position) -> int:
        """The mark at which the position's pool has just its maintenance margin while all other marks stand still, in
        atoms; 0 where no price above zero does (or the position is flat)."""
        if not position.lots:
            return 0
        pool = self.pool_of(account, position)
        others = pool.maintenance - self.maintenance_of(position)
        rate = self._listings[position.symbol].maintenance_rate
        return self._price_where(position, pool.equity - self.unrealised_of(position) - others, rate)

    def bankruptcy_price(self, account: Account, position: Position) -> int:
        """The price at which closing the position leaves its pool with nothing, fees apart, in atoms; 0 = none."""
        pool = self.pool_of(account, position)
        return self._price_where(position, pool.equity - self.unrealised_of(position), 0)

    def _price_where(self, position: Position, others: int, rate: int) -> int:
        """The price P at which others + worth(P) − cost = rate·|worth(P)|.

        Linear and quanto: P = (cost − others) / (q·m − rate·|q|·m); inverse: P = m·(q + rate·|q|) / (others − cost).
        """
        listing = self._listings[position.symbol]
        size = position.lots * listing.lot * listing.contract
        if listing.is_inverse:
            numerator, denominator = size * ATOM + abs(size) * rate, (others - position.cost) * ATOM
        else:
            numerator, denominator = (position.cost - others) * ATOM**3, size * ATOM - abs(size) * rate
        if denominator < 0:
            numerator, denominator = -numerator, -denominator
        return max(0, divide(numerator, denominator)) if denominator else 0

    def _pool(self, asset: str, positions: Iterable[Position], wallet: int, isolated: bool) -> Pool:
        held = tuple(positions)
        return Pool(
            asset=asset,
            positions=held,
            wallet=wallet,
            unrealised=sum(self.unrealised_of(position) for position in held),
            maintenance=sum(self.maintenance_of(position) for position in held),
            isolated=isolated,
        )

    def _open(self, account: Account, asset: str) -> list[Position]:
        return [p for p in account.positions.values() if p.lots and self._listings[p.symbol].settle == asset]

    def _symbols(self, account: Account, asset: str) -> set[str]:
        symbols = {position.symbol for position in account.positions.values() if position.lots}
        symbols.update(order.symbol for order in account.open_orders.values())
        return {symbol for symbol in symbols if self._listings[symbol].settle == asset}

    def _symbol_margin(self, account: Account, symbol: str, extra: Order | None) -> int:
        """In one-way mode the larger side; in hedge mode both legs with the orders that open them. `extra` stands in
        for the open order of its number, if there is one."""
        orders = account.open_of(symbol)
        if extra is not None and extra.symbol == symbol:
            orders = [*(order for order in orders if order.id != extra.id), extra]
        if not account.modes.hedge:
            held = account.net_lots(symbol)
            buys = sum(o.left for o in orders if o.side == BUY and not o.reduce_only)
            sells = sum(o.left for o in orders if o.side != BUY and not o.reduce_only)
            return self._margin(account, symbol, max(abs(held), abs(held + buys), abs(held - sells)))
        lots = sum(abs(position.lots) for position in account.positions_of(symbol))
        opening = sum(o.left for o in orders if o.leg is not Leg.BOTH and o.side == o.leg.sign)
        return self._margin(account, symbol, lots + opening)

    def _margin(self, account: Account, symbol: str, lots: int) -> int:
        worth = self._listings[symbol].notional_at(lots, self._marks(symbol))
        return -(-worth // self.leverage(account, symbol))
