"""Random stories of three accounts on markets of every payoff: the books add up, whatever happens in whatever order."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.venue_market import SIDES, VenueMarket
from jtrader.domain.order import OrderStatus, TriggerBy
from jtrader.matching.book import BUY, SELL
from jtrader.matching.entry import Style
from jtrader.venue.account import Account
from jtrader.venue.filters import NewOrder
from jtrader.venue.refusals import Refused
from jtrader.venue.units import atoms
from jtrader.venue.words import Leg

Action = tuple[str, str, str, int, int, Style, int]
STORIES = st.lists(
    st.tuples(
        st.sampled_from(
            ["order"] * 6
            + ["stop", "amend", "cancel", "replace", "foreign", "mark", "funding", "settle", "money", "liquidate"]
        ),
        st.sampled_from("abc"),
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 400),
        st.integers(-20, 20),
        st.sampled_from(list(Style)),
        st.integers(0, 3),
    ),
    max_size=40,
)
KINDS = {
    "binance_spot:BTCUSDT": 1_000,
    "binance_usdm:BTCUSDT": 7,
    "binance_coinm:BTCUSD_PERP": 3,
    "bitmex:XBTUSD": 5,
    "bitmex:XBTUSDT": 100,
    "bitmex:ETHUSD": 100,
    "huobi_linear:BTC-USDT": 5,
    "huobi_swap:BTC-USD": 3,
}
"""Instrument → lots of the smallest order in a story."""
DERIVATIVES = [name for name in KINDS if "spot" not in name]


class Story:
    """Plays actions; a refused one must change nothing."""

    def __init__(self, name: str, isolated: bool, empty: bool = False) -> None:
        self.lots = KINDS[name]
        funds = {"BTC": "3", "USDT": "60000"}
        self.market = VenueMarket.listed(name, accounts="" if empty else "abc", funds=funds, band=Decimal(1))
        self.symbol = self.market.symbol
        self.venue = self.market.venue
        if isolated:
            for account in self.market.accounts.values():
                self.venue.modes.set_isolated(account, self.symbol, True, 1)
        for account in list(self.market.accounts.values())[:1]:
            self.venue.modes.set_native_fee(account, True, 1)
        self.checks: list[Callable[[], None]] = [self._books_stand_apart]

    def play(self, actions: Sequence[Action]) -> None:
        for number, action in enumerate(actions):
            self.market.ts = 10_000 + 10 * number
            before = self._state(action[1])
            try:
                getattr(self, f"_{action[0]}")(f"c{number}", *action[1:])
            except Refused:
                assert self._state(action[1]) == before
            for check in self.checks:
                check()

    def _order(self, key: str, name: str, side: str, size: int, away: int, style: Style, flags: int) -> None:
        price = None if style is Style.MARKET else f"{50_000 + away}"
        self._enter(key, name, side, size, price, style, flags)

    def _stop(self, key: str, name: str, side: str, size: int, away: int, style: Style, flags: int) -> None:
        price = None if style is Style.MARKET else f"{50_000 - away}"
        more = {"trigger_price": f"{50_000 + away}", "if_touched": flags > 1, "trigger_by": TriggerBy.MARK}
        self._enter(key, name, side, size, price, style, flags, **more)

    def _enter(
        self, key: str, name: str, side: str, size: int, price: str | None, style: Style, flags: int, **more: object
    ) -> None:
        leg = self._leg(name, flags)
        reduce_only = self.venue.margin is not None and flags % 2 == 1 and leg is Leg.BOTH
        more |= {"reduce_only": reduce_only, "leg": leg}
        self.market.order(name, side, str(self._quantity(size)), price, style, client_id=key, **more)

    def _quantity(self, size: int) -> Decimal:
        return size * self.lots * Decimal(self.market.listings[0].quantity_text(1))

    def _leg(self, name: str, flags: int) -> Leg:
        if not self.market[name].modes.hedge:
            return Leg.BOTH
        return Leg.LONG if flags % 2 else Leg.SHORT

    def _amend(self, key: str, name: str, side: str, size: int, away: int, style: Style, flags: int) -> None:
        orders = list(self.market[name].open_orders.values())
        if orders:
            quantity, price = self._quantity(size), Decimal(50_000 + away)
            order = orders[flags % len(orders)]
            self.venue.amend(
                self.market[name],
                order,
                quantity if flags != 1 else None,
                price if flags != 2 else None,
                self.market.ts,
            )

    def _cancel(self, key: str, name: str, side: str, size: int, away: int, style: Style, flags: int) -> None:
        account = self.market[name]
        if flags == 3:
            self.venue.cancel_all(account, self.symbol, self.market.ts)
        orders = [*account.open_orders.values(), *account.open_conditionals.values()]
        if orders:
            self.venue.cancel(account, orders[size % len(orders)], self.market.ts)

    def _replace(self, key: str, name: str, side: str, size: int, away: int, style: Style, flags: int) -> None:
        """Cancels one and places another; a refusal of either half is part of the answer."""
        orders = list(self.market[name].open_orders.values())
        new = NewOrder(
            symbol=self.symbol,
            side=SIDES[side],
            style=Style.LIMIT,
            client_id=key,
            quantity=self._quantity(size),
            price=Decimal(50_000 + away),
            leg=self._leg(name, flags),
        )
        order = orders[size % len(orders)] if orders else None
        self.venue.cancel_replace(self.market[name], order, new, self.market.ts, go_on=flags > 1)

    def _foreign(self, key: str, name: str, side: str, size: int, away: int, style: Style, flags: int) -> None:
        self.market.foreign(side, size * self.lots, f"{50_000 + away}")

    def _mark(self, key: str, name: str, side: str, size: int, away: int, style: Style, flags: int) -> None:
        price = f"{50_000 + away * 200}.{size:04d}"
        self.market.mark(price)
        self.venue.trigger(self.symbol, 0, atoms(price), 0, self.market.ts)

    def _funding(self, key: str, name: str, side: str, size: int, away: int, style: Style, flags: int) -> None:
        if self.venue.margin is not None:
            self.venue.pay_funding(self.symbol, atoms(f"{50_000 + away}.5"), away * size * 100, self.market.ts)

    def _settle(self, key: str, name: str, side: str, size: int, away: int, style: Style, flags: int) -> None:
        if self.venue.margin is not None:
            self.venue.settle_periodic(self.market.ts, {self.symbol: atoms(f"{50_000 + away * 100}")})

    def _money(self, key: str, name: str, side: str, size: int, away: int, style: Style, flags: int) -> None:
        asset = ("USDT", "BTC", "BNB")[flags % 3]
        self.venue.native_prices["USDT"] = atoms("600")
        self.venue.transfer(self.market[name], asset, size * away * 10_000, self.market.ts)

    def _liquidate(self, key: str, name: str, side: str, size: int, away: int, style: Style, flags: int) -> None:
        self._mark(key, name, side, size, away * 3, style, flags)
        self.venue.check_liquidations(self.market.ts)

    def _state(self, name: str) -> object:
        account = self.market[name]
        open_now = [(o.id, o.lots, o.price, o.status, o.locked) for o in account.open_orders.values()]
        waiting = [(o.id, o.lots) for o in account.open_conditionals.values()]
        held = {asset: (one.free, one.locked) for asset, one in account.holdings.items() if one.total or one.free}
        return open_now, waiting, held, len(account.trades), len(self.venue.books[self.symbol])

    def _books_stand_apart(self) -> None:
        bid, ask = (self.venue.books[self.symbol].best(side) for side in (BUY, SELL))
        assert bid is None or ask is None or bid < ask


def check_rows(story: Story, account: Account) -> None:
    """Derivatives: what was there first and the rows are the wallet, and each row knows the balance after it. What the
    instrument itself moves is in whole units of its settle asset."""
    listing = story.market.listings[0]
    moved = [row.amount for row in account.income if row.symbol and row.asset == listing.settle]
    if not any(row.amount % listing.settle_unit for row in account.income if row.kind == "TRANSFER"):
        assert not any(amount % listing.settle_unit for amount in moved)
    for asset, holding in account.holdings.items():
        assert holding.total == account.opening.get(asset, 0) + account.income_sum(asset)
        assert holding.locked == 0
    running = dict(account.opening)
    for row in account.income:
        running[row.asset] = running.get(row.asset, 0) + row.amount
        assert row.balance == running[row.asset]


def check_positions(story: Story, account: Account) -> None:
    for position in account.positions.values():
        if position.lots == 0:
            assert (position.cost, position.open_cost, position.margin, position.settled) == (0, 0, 0, 0)
        assert position.margin >= 0 or position.lots
        assert position.leg.sign * position.lots >= 0
        trades = [trade for trade in account.trades if trade.leg is position.leg]
        assert position.lots == sum(trade.side * trade.lots for trade in trades)
        rows = [row for row in account.income if row.symbol == position.symbol and row.leg is position.leg]
        gained = sum(row.amount for row in rows if row.kind in ("REALIZED_PNL", "SETTLEMENT"))
        signed = -1 if story.market.listings[0].is_inverse else 1
        # every atom of worth that came in is still cost or was realised; a flip is rounded in two parts
        flips = sum(1 for trade in trades if 0 < trade.closed < trade.lots)
        assert abs(position.cost - signed * sum(t.side * t.quote for t in trades) - gained) <= flips


def check_orders(account: Account) -> None:
    for order in account.orders.values():
        trades = account.trades_of.get(order.id, [])
        assert order.filled == sum(trade.lots for trade in trades) <= max(order.lots, order.filled)
        assert order.quote == sum(trade.quote for trade in trades)
        assert order.is_open == (order.id in account.open_orders or order.id in account.open_conditionals)
        assert (order.left == 0) == (order.status is OrderStatus.FILLED) or order.close_position
        if order.reduce_only:
            assert all(trade.closed == trade.lots for trade in trades)


@pytest.mark.parametrize("name", DERIVATIVES)
@pytest.mark.parametrize("isolated", [False, True])
@settings(max_examples=25)
@given(actions=STORIES)
def test_whatever_happens_the_books_add_up(name: str, isolated: bool, actions: list[Action]) -> None:
    story = Story(name, isolated)
    story.play(actions)
    for account in story.market.accounts.values():
        check_rows(story, account)
        check_positions(story, account)
        check_orders(account)


@settings(max_examples=50)
@given(actions=STORIES)
def test_on_spot_rows_and_trades_are_the_holdings(actions: list[Action]) -> None:
    story = Story("binance_spot:BTCUSDT", isolated=False)
    story.play(actions)
    lot = story.market.listings[0].lot
    for account in story.market.accounts.values():
        check_orders(account)
        expected = {
            asset: account.opening.get(asset, 0) + account.income_sum(asset) for asset in ("BTC", "USDT", "BNB")
        }
        for trade in account.trades:
            expected["BTC"] += trade.side * trade.lots * lot
            expected["USDT"] -= trade.side * trade.quote
            expected[trade.fee_asset] -= trade.fee
        assert {asset: account.holding(asset).total for asset in expected} == expected
        locked = {"BTC": 0, "USDT": 0}
        for order in (*account.open_orders.values(), *account.open_conditionals.values()):
            if order.side == SELL:
                locked["BTC"] += order.left * lot
            elif order.price is not None:
                locked["USDT"] += story.market.listings[0].notional(order.left, order.price)
        assert {asset: account.holding(asset).locked for asset in locked} == locked
        assert all(held.free >= 0 and held.locked >= 0 for held in account.holdings.values())


@pytest.mark.parametrize(
    "name", ["binance_spot:BTCUSDT", "binance_usdm:BTCUSDT", "bitmex:XBTUSD", "huobi_swap:BTC-USD"]
)
@settings(max_examples=25)
@given(actions=STORIES, cut=st.integers(0, 40))
def test_what_was_written_down_goes_on_as_if_nothing_had_been(name: str, actions: list[Action], cut: int) -> None:
    first = Story(name, isolated=False)
    first.play(actions[:cut])
    first.venue.drain()
    again = Story(name, isolated=False, empty=True)
    again.venue.load(first.venue.dump())
    again.market.accounts = again.venue.accounts
    again.market.marks.update(first.market.marks)
    assert again.venue.dump() == first.venue.dump()
    for story in (first, again):
        story.play(actions[cut:])
    assert again.venue.dump() == first.venue.dump()
    assert again.venue.drain() == first.venue.drain()
