"""What falls below its maintenance margin is closed: at what price, at whose cost, and what the ledger says."""

from decimal import Decimal

import pytest

from fixtures.venue_market import VenueMarket
from jtrader.domain.instrument import InstrumentStatus
from jtrader.domain.order import OrderStatus
from jtrader.venue.records import IncomeKind, TradePrinted
from jtrader.venue.units import atoms, text
from jtrader.venue.words import Ended, Leg, Origin

KINDS = (IncomeKind.REALIZED_PNL, IncomeKind.COMMISSION, IncomeKind.LIQUIDATION_FEE, IncomeKind.INSURANCE)


def exposed(mark: str = "50000", **more: object) -> VenueMarket:
    """a: 3,000 USDT, long 1 BTC from 50,000 (25 of fee): bankrupt at 47,025, liquidated below 47,025/0.996."""
    market = VenueMarket.listed("binance_usdm:BTCUSDT", mark=mark, funds={"USDT": "3000"}, accounts="a", **more)
    market.accounts["b"] = market.venue.open_account("b", {"USDT": atoms("1000000")})
    market.deal("a", "b", "1", "50000")
    return market


def test_the_liquidation_price_is_where_the_margin_is_just_enough() -> None:
    market = exposed()
    margin, account = market.venue.margin, market["a"]
    assert margin is not None
    price = margin.liquidation_price(account, market.held("a"))
    # wallet 2,975: 2,975 + P − 50,000 = 0.004·P
    assert text(price) == "47213.85542169"
    assert text(margin.bankruptcy_price(account, market.held("a"))) == "47025.00000000"
    for mark, lots in (("47213.9", 1_000), ("47213.8", 0)):
        market.mark(mark)
        made = market.venue.check_liquidations(9)
        assert all(order.client_id.startswith("autoclose-") for order in made)
        assert market.held("a").lots == lots


# book's bid → realised, wallet at the end
CLOSED = [
    # sold at the bid: 275 are left, less 23.65 of commission; 1.25 % of 47,300 is more than that, so all of it goes
    ("47300", "-2700.00000000", ["LIQUIDATION_FEE"]),
    # nobody bids at the bankruptcy price or better: the fund takes over there, and pays the commission
    ("46000", "-2975.00000000", ["INSURANCE"]),
]


@pytest.mark.parametrize(("bid", "realised", "last"), CLOSED)
def test_the_position_is_sold_and_the_fund_settles_the_rest(bid: str, realised: str, last: list[str]) -> None:
    market = exposed()
    resting = market.order("a", "sell", "0.5", "52000")
    waiting = market.order("a", "sell", "0.5", trigger_price="48000")
    market.foreign("buy", 100_000, bid)
    market.mark("47200")
    market.venue.drain()
    made = market.venue.check_liquidations(9)
    assert {order.origin for order in made} == {Origin.LIQUIDATION}
    assert (resting.status, resting.ended) == (OrderStatus.EXPIRED, Ended.LIQUIDATION)
    assert waiting.ended is Ended.LIQUIDATION
    rows = market.rows("a", *KINDS)
    assert ("REALIZED_PNL", realised, "USDT") in rows
    assert [kind for kind, _, _ in rows if kind in ("LIQUIDATION_FEE", "INSURANCE")] == last
    assert (market.held("a").lots, market.held("a").cost, market.wallet("a", "USDT")) == (0, 0, "0.00000000")
    prints = [one for one in market.venue.drain() if isinstance(one, TradePrinted)]
    assert [one.liquidation for one in prints] == ([True] if last == ["LIQUIDATION_FEE"] else [])
    assert market.venue.check_liquidations(10) == []


def test_a_full_fee_is_taken_where_the_margin_has_it() -> None:
    """A short inverse of 10 contracts at 50,000 with 0.00105 BTC, bought back at 52,500; a fee of 0.1 % is left."""
    market = VenueMarket.listed(
        "binance_coinm:BTCUSD_PERP", funds={"BTC": "0.00105"}, liquidation_fee=Decimal("0.001"), accounts="a"
    )
    market.accounts["b"] = market.venue.open_account("b", {"BTC": atoms("1")})
    market.deal("b", "a", "10", "50000")
    market.foreign("sell", 100, "52500")
    market.mark("52600")
    assert market.venue.check_liquidations(9)
    fee = [row for row in market["a"].income if row.kind is IncomeKind.LIQUIDATION_FEE]
    # 1,000 USD / 52,500 · 0.001
    assert [text(row.amount) for row in fee] == ["-0.00001905"]
    assert market["a"].holding("BTC").total > 0


def test_only_the_isolated_position_falls() -> None:
    market = VenueMarket.listed("binance_usdm:BTCUSDT", "binance_usdm:ETHUSDT")
    account = market["a"]
    market.venue.modes.set_isolated(account, "BTCUSDT", True, 1)
    market.deal("a", "b", "1", "50000")
    market.mark("2000", "ETHUSDT")
    market.deal("a", "b", "1", "2000", symbol="ETHUSDT")
    elsewhere = market.order("a", "buy", "1", "1950", symbol="ETHUSDT")
    assert market.held("a").margin == atoms("2500")
    before = account.holding("USDT").total
    market.mark("40000")
    market.venue.check_liquidations(9)
    assert (market.held("a").lots, market.held("a", "ETHUSDT").lots, elsewhere.status) == (0, 1_000, OrderStatus.NEW)
    # at 47,500 all of its margin is gone; what the price and the commission cost beyond it the fund pays
    assert account.holding("USDT").total == before - atoms("2500")


def test_of_a_cross_pool_only_as_much_falls_as_must() -> None:
    """Bitcoin, which needs most, goes first; with what that leaves ether can be kept."""
    market = VenueMarket.listed(
        "binance_usdm:BTCUSDT",
        "binance_usdm:ETHUSDT",
        funds={"USDT": "5000"},
        accounts="a",
        liquidation_fee=Decimal("0.001"),
    )
    market.accounts["b"] = market.venue.open_account("b", {"USDT": atoms("1000000")})
    market.mark("2000", "ETHUSDT")
    market.deal("a", "b", "1", "50000")
    market.deal("a", "b", "1", "2000", symbol="ETHUSDT")
    market.foreign("buy", 10_000, "45400")
    market.mark("45200")
    market.venue.check_liquidations(9)
    assert (market.held("a").lots, market.held("a", "ETHUSDT").lots) == (0, 1_000)


def test_a_halted_instrument_is_not_closed_by_force() -> None:
    market = exposed()
    market.mark("40000")
    market.venue.set_status("BTCUSDT", InstrumentStatus.HALTED, 8)
    assert market.venue.check_liquidations(9) == []
    market.venue.set_status("BTCUSDT", InstrumentStatus.TRADING, 10)
    assert market.venue.check_liquidations(11)


def test_nobody_with_enough_margin_is_touched() -> None:
    market = exposed()
    market.mark("60000")
    assert market.venue.check_liquidations(9) == []
    market.mark("47213.9")
    assert market.venue.check_liquidations(9) == []


def test_deleveraging_takes_from_the_winner() -> None:
    """ADL: half of b's short is closed at 48,000 without an order of b's."""
    market = exposed()
    order = market.venue.deleverage(market["b"], "BTCUSDT", Leg.BOTH, 500, 480_000, 9)
    assert (order.origin, order.status, order.side) == (Origin.DELEVERAGING, OrderStatus.FILLED, 1)
    assert order.client_id.startswith("adl_autoclose")
    assert market["b"].trades[-1].realised == atoms("1000")
    assert market.held("b").lots == -500
    whole = market.venue.deleverage(market["b"], "BTCUSDT", Leg.BOTH, 5_000, 480_000, 9)
    assert (whole.lots, market.held("b").lots) == (500, 0)
