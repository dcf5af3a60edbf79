"""Fees in a third coin: their worth at the trade's time, and what the coin's inventory gained."""

from decimal import Decimal

import pytest

from fixtures.booking import ACCOUNT, accepted, fill, opened, row
from fixtures.instruments import instrument
from jtrader.domain.account import EntryKind
from jtrader.domain.errors import BadInput
from jtrader.domain.times import HOUR
from jtrader.ledger.book import Ledger
from jtrader.ledger.coins import CoinBook
from jtrader.ledger.rates import RateTable

D = Decimal
SPOT, PERP, BNB = (
    instrument(name) for name in ("binance_spot:BTCUSDT", "binance_usdm:BTCUSDT", "binance_spot:BNBUSDT")
)


def rates() -> RateTable:
    """BNB 400 at first, 600 from time 50 on."""
    table = RateTable("USDT")
    table.add("BNB", "binance_spot:BNBUSDT", [(0, D(400)), (50, D(600))])
    return table


def booked(*events):
    ledger = Ledger([SPOT, PERP, BNB])
    coins = CoinBook([SPOT, PERP, BNB], rates(), ledger.strategy_of)
    spent = []
    for event in events:
        ledger.apply(event)
        spent.append(coins.apply(event))
    return coins, [one for one in spent if one is not None]


FEE = fill(SPOT.id, 9, 1, 50_000, fee="0.0125", asset="BNB", client="c")
IN = {
    "the opening": [opened(1, BNB="1")],
    "a transfer": [opened(1), row("t", EntryKind.TRANSFER, "1", "BNB", ts=10)],
    "a purchase of nobody's": [opened(1, USDT="1000"), fill(BNB.id, 1, 1, 400, ts=60)],
}


@pytest.mark.parametrize("events", IN.values(), ids=IN.keys())
def test_a_fee_is_worth_its_coin_now_and_disposes_of_what_it_cost(events):
    """0.0125 BNB at 600 = 7.50, cost at 400 = 5.00: +2.50."""
    coins, [spent] = booked(accepted("c", "s", SPOT.id), *events, FEE)
    assert (spent.value, spent.cost, spent.gain) == (D("7.50"), D("5.00"), D("2.50"))
    assert (spent.rate.source, spent.rate.ts) == ("binance_spot:BNBUSDT", 50)
    assert (coins.stock(ACCOUNT, "BNB").quantity, coins.stock(ACCOUNT, "BNB").cost) == (D("0.9875"), 395)


def test_what_a_strategy_bought_is_its_position_and_no_inventory():
    _, [spent] = booked(accepted("c", "s", BNB.id), opened(1, USDT="1000"), fill(BNB.id, 1, 1, 400, client="c"), FEE)
    assert (spent.cost, spent.gain) == (D("7.50"), 0), "the inventory has none: no gain is made up"


def test_average_cost_and_partly_covered():
    coins, [spent] = booked(
        opened(1, BNB="0.005"), row("t", EntryKind.TRANSFER, "0.005", "BNB", ts=60), FEE
    )  # 2 at 400 and 3 at 600, then 0.0025 that nobody had
    assert spent.cost == D(2) + D(3) + D("1.5")
    assert (coins.stock(ACCOUNT, "BNB").quantity, coins.stock(ACCOUNT, "BNB").cost) == (0, 0)


def test_a_transfer_out_and_a_rebate():
    rebate = fill(PERP.id, 3, 1, 50_000, fee="-0.5", asset="BNB", ts=70)
    coins, spent = booked(opened(1, BNB="2"), row("t", EntryKind.TRANSFER, "-1", "BNB", ts=60), rebate)
    assert spent == []
    assert (coins.stock(ACCOUNT, "BNB").quantity, coins.stock(ACCOUNT, "BNB").cost) == (D("1.5"), 400 + 300)


@pytest.mark.parametrize(
    ("quantity", "fee", "left", "cost"),
    [
        ("1", "0.001", "1.999", "799.6"),
        ("1", "-0.001", "2.001", "800.4"),
        ("-0.5", "0.001", "0.499", "199.6"),
        ("-0.5", "-0.001", "0.501", "200.4"),
    ],
)
def test_a_fee_in_the_coin_itself_is_not_in_stock(quantity, fee, left, cost):
    """1 BNB at 400 to begin with; at 400 too, nobody's purchase or sale of it: worth of what moves, at its price."""
    coins, spent = booked(opened(1, BNB="1"), fill(BNB.id, 1, quantity, 400, fee=fee, asset="BNB"))
    assert spent == []
    assert (coins.stock(ACCOUNT, "BNB").quantity, coins.stock(ACCOUNT, "BNB").cost) == (D(left), D(cost))


@pytest.mark.parametrize("held", [{}, {"BNB": "1"}])
def test_a_transfer_of_nothing_changes_nothing(held):
    coins, _ = booked(opened(1, **held), row("t", EntryKind.TRANSFER, "0", "BNB", ts=10))
    assert coins.stock(ACCOUNT, "BNB").quantity == D(held.get("BNB", 0))


def test_an_unknown_rate_stays_unknown():
    late = fill(SPOT.id, 9, 1, 50_000, fee="0.5", asset="BNB", ts=2 * HOUR)
    _, [spent] = booked(opened(1, BNB="1"), late)
    assert (spent.value, spent.gain, spent.rate) == (None, None, None)
    _, [spent] = booked(opened(1, XYZ="1"), fill(SPOT.id, 9, 1, 50_000, fee="0.5", asset="XYZ"))
    assert spent.gain is None


def test_when_the_coin_runs_out_the_fill_shows_it():
    coins, _ = booked(opened(1, BNB="0.0125"), FEE, fill(SPOT.id, 10, 1, 50_000, fee="0.001", asset="BTC", ts=110))
    [switch] = coins.switches
    assert (switch.before, switch.now, switch.instrument, switch.ts) == ("BNB", "BTC", SPOT.id, 110)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_no_rate_is_made_of_what_is_no_price(price):
    with pytest.raises(BadInput, match="no rate"):
        RateTable("USDT").add("BNB", "x", [(0, D(price))])


def test_the_currency_itself_is_at_par_and_the_newest_rate_counts():
    table = rates()
    assert table("USDT", 5).price == 1
    assert [table("BNB", ts) and table("BNB", ts).price for ts in (-1, 0, 49, 50, HOUR + 51)] == [
        None,
        400,
        400,
        600,
        None,
    ]
    with pytest.raises(BadInput, match="second"):
        table.add("BNB", "another", [])
