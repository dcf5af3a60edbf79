"""Whatever two to three accounts do to each other, the venue's books add up: nothing is made, nothing is lost."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.venue_market import VenueMarket
from jtrader.domain.instrument import Product
from jtrader.matching.book import BUY
from jtrader.matching.entry import Style
from jtrader.venue.position import move, unrealised
from jtrader.venue.records import BalancesChanged, OrderReported, Position, TradePrinted
from jtrader.venue.refusals import Refused
from jtrader.venue.units import ATOM, atoms, divide, text

ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["order", "order", "order", "order", "cancel", "funding", "foreign"]),
        st.sampled_from("abc"),
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 400),
        st.integers(-20, 20),
        st.sampled_from(list(Style)),
        st.booleans(),
    ),
    max_size=40,
)


def play(market: VenueMarket, actions: list[tuple[str, str, str, int, int, Style, bool]]) -> None:
    """Applies what is possible; refusals change nothing."""
    step = market.listings[0].instrument.quantity_step
    for kind, name, side, size, away, style, reduce_only in actions:
        price = f"{50_000 + away}"
        if kind == "order":
            before = snapshot(market)
            try:
                limit = None if style is Style.MARKET else price
                market.order(name, side, str(size * step * 7), limit, style, reduce_only=reduce_only)
            except Refused:
                assert snapshot(market) == before
        elif kind == "cancel" and market[name].open_orders:
            order = list(market[name].open_orders.values())[size % len(market[name].open_orders)]
            market.venue.cancel(market[name], order, market.ts)
        elif kind == "funding" and market.venue.margin is not None:
            market.venue.pay_funding("BTCUSDT", atoms(price), size * 100 * (1 if away > 0 else -1), market.ts)
        elif kind == "foreign":
            market.foreign(side, size, price)


def snapshot(market: VenueMarket) -> object:
    return [
        {asset: (held.free, held.locked) for asset, held in account.holdings.items()}
        for account in market.accounts.values()
    ] + [len(market.venue.books["BTCUSDT"])]


@given(ACTIONS)
def test_linear_wallets_are_their_rows_and_positions_their_trades(
    actions: list[tuple[str, str, str, int, int, Style, bool]],
) -> None:
    market = VenueMarket(Product.LINEAR, "abc")
    play(market, actions)
    rules = market.listings[0]
    for account in market.accounts.values():
        assert account.holdings["USDT"].total == account.opening["USDT"] + account.income_sum("USDT")
        trades = account.trades
        position = account.positions.get("BTCUSDT", Position())
        assert position.lots == sum(t.side * t.lots for t in trades)
        # cost − (what was paid − what was realised) = 0: every atom of cost is either open or realised
        assert position.cost == sum(t.side * t.quote for t in trades) + sum(t.realised for t in trades)
        assert position.realised == sum(t.realised for t in trades)
        assert (position.lots != 0) or (position.cost == 0)
        assert all(t.fee == divide(t.quote * (rules.maker_rate if t.maker else rules.taker_rate), ATOM) for t in trades)
        reducing = sum(o.left for o in account.open_of("BTCUSDT") if o.reduce_only)
        assert reducing <= abs(position.lots)


@given(ACTIONS)
def test_linear_profit_is_zero_sum_but_for_fees(actions: list[tuple[str, str, str, int, int, Style, bool]]) -> None:
    market = VenueMarket(Product.LINEAR, "abc")
    play(market, [action for action in actions if action[0] in ("order", "cancel")])
    rules = market.listings[0]
    mark = atoms("50001.5")
    worth = sum(
        account.holdings["USDT"].total + unrealised(account.positions.get("BTCUSDT", Position()), rules, mark)
        for account in market.accounts.values()
    )
    fees = sum(t.fee for account in market.accounts.values() for t in account.trades)
    assert worth + fees == 3 * atoms("100000")


@given(ACTIONS)
def test_spot_assets_are_conserved_but_for_fees_and_locks_are_the_open_orders(
    actions: list[tuple[str, str, str, int, int, Style, bool]],
) -> None:
    market = VenueMarket(Product.SPOT, "abc")
    play(
        market, [(k, n, s, q * 50, a, style, False) for k, n, s, q, a, style, _ in actions if k in ("order", "cancel")]
    )
    rules = market.listings[0]
    for asset in ("USDT", "BTC"):
        total = sum(account.holdings[asset].total for account in market.accounts.values())
        fees = sum(t.fee for a in market.accounts.values() for t in a.trades if t.fee_asset == asset)
        assert total + fees == sum(account.opening[asset] for account in market.accounts.values())
    for account in market.accounts.values():
        locked = {"USDT": 0, "BTC": 0}
        for order in account.open_orders.values():
            assert order.price is not None
            if order.side == BUY:
                locked["USDT"] += rules.notional(order.left, order.price)
            else:
                locked["BTC"] += order.left * rules.lot
        assert {asset: account.holdings[asset].locked for asset in locked} == locked
        assert all(held.free >= 0 for held in account.holdings.values())


@given(ACTIONS)
def test_what_is_told_is_what_is_kept(actions: list[tuple[str, str, str, int, int, Style, bool]]) -> None:
    market = VenueMarket(Product.LINEAR, "abc")
    play(market, actions)
    happened = market.venue.drain()
    prints = [one for one in happened if isinstance(one, TradePrinted)]
    assert [one.id for one in prints] == list(range(1, len(prints) + 1))
    by_id = {one.id: one for one in prints}
    for account in market.accounts.values():
        last = {}
        for one in happened:
            if isinstance(one, OrderReported) and one.order.account == account.name:
                last[one.order.id] = one.order
                if one.trade is not None:
                    assert (one.trade.price, one.trade.lots) == (by_id[one.trade.id].ticks, by_id[one.trade.id].lots)
                    assert (one.trade.side == by_id[one.trade.id].side) != one.trade.maker
        assert {order.id: (order.status, order.filled) for order in last.values()} == {
            order.id: (order.status, order.filled) for order in account.orders.values()
        }
        changes = [one for one in happened if isinstance(one, BalancesChanged) and one.account == account.name]
        if changes:
            assert changes[-1].holdings["USDT"].total == account.holdings["USDT"].total


FILLS = st.lists(st.tuples(st.integers(-500, 500).filter(bool), st.integers(1, 10_000_000)), min_size=1, max_size=30)


@given(FILLS)
def test_positions_follow_the_rule_in_decimals(fills: list[tuple[int, int]]) -> None:
    """The same rule once more, in Decimal: released = cost·c/|q| to 8 decimals half even, all of it when flat."""
    rules = VenueMarket(Product.LINEAR).listings[0]
    position, quantity, cost = Position(), Decimal(0), Decimal(0)
    for lots, ticks in fills:
        moved = move(position, rules, lots, ticks)
        change, price = lots * Decimal("0.001"), ticks * Decimal("0.1")
        realised, left = Decimal(0), change
        if quantity * change < 0:
            closed = min(abs(quantity), abs(change))
            sign = 1 if quantity > 0 else -1
            released = cost
            if closed != abs(quantity):
                exact = Fraction(cost) * Fraction(closed) / Fraction(abs(quantity)) * ATOM
                released = Decimal(round(exact)) / ATOM
            realised = sign * closed * price - released
            cost -= released
            left = change + sign * closed
        cost += left * price
        quantity += change
        assert (Decimal(text(moved.cost)), Decimal(text(moved.realised))) == (cost, realised)
        assert moved.lots * Decimal("0.001") == quantity
        position = Position(moved.lots, moved.cost)


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**20))
def test_division_rounds_half_to_even(numerator: int, denominator: int) -> None:
    assert divide(numerator, denominator) == round(Fraction(numerator, denominator))


@given(st.integers(-(10**20), 10**20))
def test_atoms_and_their_text_are_each_others_inverse(amount: int) -> None:
    assert atoms(text(amount)) == amount


@pytest.mark.parametrize("wrong", [0.1, "0.000000001", "nan", "inf", "", "1,0"])
def test_amounts_that_can_not_be_kept_are_refused(wrong: object) -> None:
    from jtrader.domain.errors import BadInput

    with pytest.raises(BadInput):
        atoms(wrong)  # type: ignore[arg-type]
