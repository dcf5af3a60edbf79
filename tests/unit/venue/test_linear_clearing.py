"""USDT-M's arithmetic, figures worked by hand: positions, realised P&L, fees, funding, margin."""

import pytest

from fixtures.venue_market import VenueMarket, listing
from jtrader.domain.instrument import Product
from jtrader.domain.order import OrderStatus
from jtrader.matching.entry import Style
from jtrader.venue.clearing.fees import fee_on
from jtrader.venue.position import entry_price, unrealised
from jtrader.venue.records import IncomeKind
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import atoms, divide, text


@pytest.fixture
def market() -> VenueMarket:
    return VenueMarket(Product.LINEAR, "abc")


# trades of account a: (side, quantity, price) … → position, cost, last realised
ROUND_TRIPS = [
    ([("buy", "0.2", "50000"), ("sell", "0.2", "51000")], "0", "0", "200"),
    ([("sell", "0.2", "50000"), ("buy", "0.2", "51000")], "0", "0", "-200"),
    ([("buy", "0.1", "50000"), ("buy", "0.1", "51000")], "0.2", "10100", "0"),
    ([("buy", "0.1", "50000"), ("buy", "0.1", "51000"), ("sell", "0.1", "50500")], "0.1", "5050", "0"),
    ([("buy", "0.1", "50000"), ("sell", "0.3", "50500")], "-0.2", "-10100", "50"),
    ([("sell", "0.1", "50000"), ("buy", "0.3", "49500")], "0.2", "9900", "50"),
    # 0.003 bought for 150.0003; a third leaves with 50.0001, the next with 50.0001, the last with what is left
    (
        [("buy", "0.001", "50000"), ("buy", "0.002", "50000.1"), ("sell", "0.001", "50000")],
        "0.002",
        "100.00013333",
        None,
    ),
]


@pytest.mark.parametrize(("trades", "position", "cost", "realised"), ROUND_TRIPS)
def test_positions_and_realised(
    market: VenueMarket, trades: list[tuple[str, str, str]], position: str, cost: str, realised: str | None
) -> None:
    for symbol in market.marks:
        market.marks[symbol] = atoms("50000")
    for side, quantity, price in trades:
        if side == "buy":
            market.deal("a", "b", quantity, price)
        else:
            market.deal("b", "a", quantity, price)
    held = market["a"].positions["BTCUSDT"]
    assert held.lots * atoms("0.001") == atoms(position)
    assert held.cost == atoms(cost)
    if realised is not None:
        assert market["a"].trades[-1].realised == atoms(realised)


def test_released_cost_is_half_even_and_the_last_close_takes_the_rest() -> None:
    market = VenueMarket(Product.LINEAR)
    market.deal("a", "b", "0.001", "50000.0")
    market.deal("a", "b", "0.002", "50000.1")
    costs, realised = [], []
    for _ in range(3):
        market.deal("b", "a", "0.001", "50000.0")
        costs.append(text(market["a"].positions["BTCUSDT"].cost))
        realised.append(market["a"].trades[-1].realised)
    # cost 150.0002: a third is 50.00006666…, of the rest a half is 50.000066665 → even
    assert costs == ["100.00013333", "50.00006667", "0.00000000"]
    assert sum(realised) == atoms("150") - atoms("150.0002")


def test_fees_and_ledger_rows_of_a_round_trip(market: VenueMarket) -> None:
    market.deal("a", "b", "0.02", "50000.1")
    market.deal("b", "a", "0.02", "50100.3")
    rows = [(row.kind, text(row.amount), row.trade_id) for row in market["a"].income]
    first, second = (trade.id for trade in market["a"].trades)
    assert rows == [
        (IncomeKind.COMMISSION, "-0.50000100", first),
        (IncomeKind.REALIZED_PNL, "2.00400000", second),
        (IncomeKind.COMMISSION, "-0.20040120", second),
    ]
    assert market["a"].holdings["USDT"].total == atoms("100000") + sum(row.amount for row in market["a"].income)
    ids = [row.id for account in "ab" for row in market[account].income]
    assert len(set(ids)) == len(ids)


def test_fee_is_half_even_to_an_atom() -> None:
    """0.001 at 50,000.1 and a rate of 0.00000105 is 0.000052500105, and of 0.0000001 it is 0.00000500001."""
    listings = [listing(Product.LINEAR, taker_fee=rate) for rate in ("0.00000105", "0.0000001", "0.00000001")]
    worth = listings[0].notional(1, 500_001)
    assert [text(fee_on(worth, one, maker=False)) for one in listings] == ["0.00005250", "0.00000500", "0.00000050"]
    ties = [(1, 0), (3, 2), (5, 2), (7, 4), (-1, 0), (-3, -2), (-5, -2)]
    assert [divide(numerator, 2) for numerator, _ in ties] == [rounded for _, rounded in ties]


# position, mark, rate → what the holder receives
FUNDINGS = [
    ("buy", "0.2", "50000", "0.0001", "-1.00000000"),
    ("sell", "0.2", "50000", "0.0001", "1.00000000"),
    ("buy", "0.2", "50000", "-0.0001", "1.00000000"),
    ("buy", "0.003", "50000.12345678", "0.00012345", "-0.01851755"),
    ("buy", "0.002", "50000.12500000", "0.00000001", "-0.00000100"),
]


@pytest.mark.parametrize(("side", "quantity", "mark", "rate", "amount"), FUNDINGS)
def test_funding(market: VenueMarket, side: str, quantity: str, mark: str, rate: str, amount: str) -> None:
    buyer, seller = ("a", "b") if side == "buy" else ("b", "a")
    market.deal(buyer, seller, quantity, "50000")
    before = market["a"].holdings["USDT"].total
    market.venue.pay_funding("BTCUSDT", atoms(mark), atoms(rate), 7)
    row = market["a"].income[-1]
    assert (row.kind, text(row.amount), row.ts, row.symbol) == (IncomeKind.FUNDING_FEE, amount, 7, "BTCUSDT")
    assert market["a"].holdings["USDT"].total - before == row.amount
    assert not [row for row in market["c"].income if row.kind is IncomeKind.FUNDING_FEE]


def test_unrealised_and_entry_price_are_rounded_once(market: VenueMarket) -> None:
    market.deal("a", "b", "0.001", "50000")
    market.deal("a", "b", "0.002", "50000.1")
    position, rules = market["a"].positions["BTCUSDT"], market.venue.listings["BTCUSDT"]
    assert text(entry_price(position, rules)) == "50000.06666667"
    assert text(unrealised(position, rules, atoms("50001.00000001"))) == "0.00280000"
    assert text(unrealised(market["b"].positions["BTCUSDT"], rules, atoms("50001"))) == "-0.00280000"


def test_margin_carries_twenty_times_the_equity_and_reducing_is_always_allowed(market: VenueMarket) -> None:
    for _ in range(4):
        market.foreign("sell", 20_000, "50000")
        market.foreign("buy", 20_000, "49999.9")
    with pytest.raises(Refused) as refused:
        market.order("a", "buy", "41")
    assert refused.value.why is Why.MARGIN
    market.order("a", "buy", "39.9")
    with pytest.raises(Refused):
        market.order("a", "buy", "0.2")
    with pytest.raises(Refused):
        market.order("a", "buy", "1", "49000")
    market.marks["BTCUSDT"] = atoms("49000")
    assert market.order("a", "sell", "10").status is OrderStatus.FILLED


def test_open_orders_need_margin_on_their_larger_side(market: VenueMarket) -> None:
    margin = market.venue.margin
    assert margin is not None
    market.order("a", "buy", "1", "49000")
    market.order("a", "sell", "0.5", "51000")
    assert margin.initial_margin(market["a"], "USDT") == atoms("2500")
    market.venue.set_leverage(market["a"], "BTCUSDT", 10)
    assert margin.initial_margin(market["a"], "USDT") == atoms("5000")
    with pytest.raises(Refused) as refused:
        market.venue.set_leverage(market["a"], "BTCUSDT", 126)
    assert refused.value.why is Why.LEVERAGE


def test_reduce_only_is_refused_without_a_position_and_capped_at_it(market: VenueMarket) -> None:
    with pytest.raises(Refused) as refused:
        market.order("a", "sell", "0.1", reduce_only=True)
    assert refused.value.why is Why.REDUCE_ONLY
    market.deal("a", "b", "0.1", "50000")
    market.foreign("buy", 500, "49990")
    with pytest.raises(Refused):
        market.order("a", "buy", "0.1", reduce_only=True)
    order = market.order("a", "sell", "0.3", reduce_only=True)
    assert (order.lots, order.status) == (100, OrderStatus.FILLED)
    assert market["a"].positions["BTCUSDT"].lots == 0


def test_resting_reduce_only_orders_expire_when_the_position_is_gone(market: VenueMarket) -> None:
    market.deal("a", "b", "0.1", "50000")
    first = market.order("a", "sell", "0.06", "50100", reduce_only=True)
    second = market.order("a", "sell", "0.06", "50200", reduce_only=True)
    assert (first.lots, second.lots) == (60, 40)
    market.deal("b", "a", "0.05", "50000")
    assert (first.status, second.status) == (
        OrderStatus.NEW,
        OrderStatus.EXPIRED,
    ) or first.status is OrderStatus.EXPIRED
    assert sum(order.left for order in market["a"].open_of("BTCUSDT")) <= 50
    market.deal("b", "a", "0.05", "50000")
    assert market["a"].open_of("BTCUSDT") == []


def test_a_sweep_through_two_resting_closes_does_not_turn_the_position(market: VenueMarket) -> None:
    market.deal("a", "b", "0.1", "50000")
    market.order("a", "sell", "0.1", "50100", reduce_only=True)
    market.order("a", "sell", "0.1", "50050")
    market.order("c", "buy", "0.2", "50200", Style.IOC)
    assert market["a"].positions["BTCUSDT"].lots == 0


def test_own_orders_do_not_meet(market: VenueMarket) -> None:
    resting = market.order("a", "sell", "0.1", "50000")
    market.foreign("sell", 100, "50001")
    taken = market.order("a", "buy", "0.1", "50002")
    assert (resting.status, taken.status) == (OrderStatus.EXPIRED, OrderStatus.FILLED)
    assert [trade.price for trade in market["a"].trades] == [500_010]


def test_closing_the_market_expires_orders_and_takes_no_more(market: VenueMarket) -> None:
    order = market.order("a", "buy", "0.1", "49000")
    market.foreign("sell", 100, "50001")
    market.venue.close(99)
    assert (order.status, order.updated) == (OrderStatus.EXPIRED, 99)
    with pytest.raises(Refused) as refused:
        market.order("a", "buy", "0.1")
    assert refused.value.why is Why.CLOSED
    assert len(market.venue.books["BTCUSDT"]) == 0
