"""A venue that fills too much, and one that takes a trade back."""

import pytest

from fixtures.venue_market import VenueMarket
from jtrader.domain.errors import BadInput
from jtrader.domain.instrument import Product
from jtrader.domain.order import OrderStatus
from jtrader.venue.records import BalancesChanged, IncomeKind, OrderReported
from jtrader.venue.units import atoms, text


def test_an_overfilled_order_says_so() -> None:
    """Ordered 0.1, filled 0.101: position and wallet follow what was filled."""
    market = VenueMarket(Product.LINEAR)
    market.foreign("sell", 1_000, "50000")
    order = market.order("a", "buy", "0.1")
    with pytest.raises(BadInput):
        market.venue.mishaps.overfill(market.order("a", "buy", "0.1", "49000"), 1, 5)
    market.venue.drain()
    market.venue.mishaps.overfill(order, 1, 6)
    assert (order.lots, order.filled, order.status, market.held("a").lots) == (100, 101, OrderStatus.FILLED, 101)
    (report,) = [one for one in market.venue.drain() if isinstance(one, OrderReported)]
    assert report.trade is not None
    assert (report.trade.lots, report.order.filled, report.order.lots) == (1, 101, 100)


# trades of a: (side, quantity, price), the one taken back → position, cost, rows
BUSTS = [
    # never bought: nothing held, the fee of 25 comes back
    ([("buy", "1", "50000")], 0, "0", "0", ["25.00000000"]),
    # of two buys the second: the first stays
    ([("buy", "1", "50000"), ("buy", "1", "50100")], 1, "1", "50000", ["25.05000000"]),
    # bought and sold with 100 of profit; without the buy it is a short from 50,100 and the profit is gone
    ([("buy", "1", "50000"), ("sell", "1", "50100")], 0, "-1", "-50100", ["-75.00000000"]),
    # half of it sold; without the sale all of it is there still
    ([("buy", "1", "50000"), ("sell", "0.5", "50100")], 1, "1", "50000", ["-44.99000000"]),
]


@pytest.mark.parametrize(("trades", "which", "lots", "cost", "amounts"), BUSTS)
def test_a_busted_trade_is_undone_by_rows(
    trades: list[tuple[str, str, str]], which: int, lots: str, cost: str, amounts: list[str]
) -> None:
    market = VenueMarket(Product.LINEAR)
    for side, quantity, price in trades:
        buyer, seller = ("a", "b") if side == "buy" else ("b", "a")
        market.deal(buyer, seller, quantity, price)
    account = market["a"]
    rows_before, trade = list(account.income), account.trades[which]
    market.venue.drain()
    rows = market.venue.mishaps.bust(account, trade, 9)
    assert account.income == [*rows_before, *rows]
    assert [(row.kind, text(row.amount), row.reference) for row in rows] == [
        (IncomeKind.ADJUSTMENT, amount, f"bust {trade.id}") for amount in amounts
    ]
    held = market.held("a")
    assert (held.lots * atoms("0.001"), held.cost) == (atoms(lots), atoms(cost))
    assert account.holding("USDT").total == account.opening["USDT"] + account.income_sum("USDT")
    (told,) = [one for one in market.venue.drain() if isinstance(one, BalancesChanged)]
    assert (told.reason, told.rows) == ("ADJUSTMENT", tuple(rows))
    with pytest.raises(BadInput):
        market.venue.mishaps.bust(account, trade, 10)


def test_a_busted_spot_trade_swaps_back_with_its_fee() -> None:
    market = VenueMarket(Product.SPOT)
    before = [market.wallet("a", asset) for asset in ("USDT", "BTC")]
    market.deal("a", "b", "0.5", "50000")
    market.venue.mishaps.bust(market["a"], market["a"].trades[0], 9)
    assert [market.wallet("a", asset) for asset in ("USDT", "BTC")] == before
    again = VenueMarket(Product.SPOT, "")
    again.venue.load(market.venue.dump())
    assert again.venue.accounts["a"].busted == [("BTCUSDT", 1)]


def test_what_was_settled_can_not_be_taken_back() -> None:
    market = VenueMarket(Product.LINEAR)
    market.deal("a", "b", "1", "50000")
    market.venue.settle_periodic(5, {"BTCUSDT": atoms("50100")})
    state = market.venue.dump()
    with pytest.raises(BadInput):
        market.venue.mishaps.bust(market["a"], market["a"].trades[0], 9)
    assert market.venue.dump() == state
