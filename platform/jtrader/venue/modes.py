"""How an account is kept: leverage, one-way or hedge, cross or isolated, fees in the venue's own coin.

Sources: Binance's and HTX's rules: the position mode can't change while positions or orders are open, the margin mode
of a symbol not while it has a position or orders, leverage always (as far as the margin carries it).
"""

from jtrader.venue.account import Account
from jtrader.venue.floor import Floor
from jtrader.venue.records import ModeChanged
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.words import Leg


class ModeDesk:
    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def set_leverage(self, account: Account, symbol: str, leverage: int, ts: int) -> None:
        """Raises Refused outside 1 to the listing's most, and when the account can't carry its positions with it."""
        listing = self._floor.listing(symbol)
        if not 1 <= leverage <= listing.max_leverage:
            raise Refused(Why.LEVERAGE, f"leverage {leverage} is not within 1 to {listing.max_leverage}", str(leverage))
        before = dict(account.modes.leverage)
        needed = self._needed(account, listing.settle)
        account.modes.leverage[symbol] = leverage
        if needed < self._needed(account, listing.settle) > self._equity(account, listing.settle):
            account.modes.leverage = before
            raise Refused(Why.MARGIN, f"the margin doesn't carry the positions and orders at a leverage of {leverage}")
        self._floor.tell(ModeChanged(ts=ts, account=account.name, symbol=symbol))

    def set_hedge(self, account: Account, hedge: bool, ts: int) -> None:
        if account.modes.hedge == hedge:
            raise Refused(Why.MODE_UNCHANGED, "the position mode is that already")
        if self._is_in_use(account, None):
            raise Refused(Why.MODE_IN_USE, "the position mode can't change while positions or orders are open")
        account.modes.hedge = hedge
        self._floor.tell(ModeChanged(ts=ts, account=account.name, symbol=""))

    def set_isolated(self, account: Account, symbol: str, isolated: bool, ts: int) -> None:
        self._floor.listing(symbol)
        if account.modes.isolated.get(symbol, False) == isolated:
            raise Refused(Why.MODE_UNCHANGED, "the margin mode is that already")
        if self._is_in_use(account, symbol):
            raise Refused(Why.MODE_IN_USE, f"the margin mode can't change while {symbol} has a position or orders")
        account.modes.isolated[symbol] = isolated
        self._floor.tell(ModeChanged(ts=ts, account=account.name, symbol=symbol))

    def set_multi_asset(self, account: Account, on: bool, ts: int) -> None:
        if account.modes.multi_asset == on:
            raise Refused(Why.MODE_UNCHANGED, "the asset mode is that already")
        account.modes.multi_asset = on
        self._floor.tell(ModeChanged(ts=ts, account=account.name, symbol=""))

    def set_native_fee(self, account: Account, on: bool, ts: int) -> None:
        account.modes.native_fee = on
        self._floor.tell(ModeChanged(ts=ts, account=account.name, symbol=""))

    def move_margin(self, account: Account, symbol: str, leg: Leg, amount: int, ts: int) -> None:
        """Adds to an isolated position's margin (above zero) or takes from it what it doesn't need."""
        derivatives = self._floor.derivatives
        position = account.position(symbol, leg)
        if derivatives is None or not position.lots or not derivatives.margin.is_isolated(account, symbol):
            raise Refused(Why.MODE_IN_USE, f"{symbol} has no isolated position to change the margin of")
        margin, asset = derivatives.margin, self._floor.listings[symbol].settle
        spare = position.margin + min(0, margin.unrealised_of(position)) - margin.position_margin(account, symbol)
        if amount > margin.available(account, asset) or -amount > max(0, spare):
            raise Refused(Why.MARGIN, f"{amount} units of 1e-8 {asset} can't be moved to or from the position's margin")
        position.margin += amount
        self._floor.tell_balances(account, "MARGIN_TRANSFER", ts, (asset,), (position,))

    def _needed(self, account: Account, asset: str) -> int:
        derivatives = self._floor.derivatives
        return 0 if derivatives is None else derivatives.margin.needed(account, asset)

    def _equity(self, account: Account, asset: str) -> int:
        derivatives = self._floor.derivatives
        return 0 if derivatives is None else derivatives.margin.cross_equity(account, asset)

    def _is_in_use(self, account: Account, symbol: str | None) -> bool:
        """`symbol` None = any."""
        orders = (*account.open_orders.values(), *account.open_conditionals.values())
        held = [position.symbol for position in account.positions.values() if position.lots]
        symbols = {*held, *(order.symbol for order in orders)}
        return bool(symbols) if symbol is None else symbol in symbols
