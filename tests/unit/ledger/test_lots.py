"""First in, first out beside average cost: which lot a sale closes and what it makes, net of fees."""

from decimal import Decimal

import pytest

from fixtures.booking import ACCOUNT, fill, opened, row
from fixtures.instruments import instrument
from jtrader.domain.account import EntryKind
from jtrader.domain.errors import Broken
from jtrader.domain.instrument import Product
from jtrader.ledger.book import Ledger
from jtrader.ledger.lots import LotBook

D = Decimal
SPOT, PERP = instrument("binance_spot:BTCUSDT"), instrument("binance_usdm:BTCUSDT")
COINM = instrument("binance_coinm:BTCUSD", product=Product.INVERSE, base="BTC", settle="BTC", contract_value=100)
RULES = [SPOT, PERP, COINM]

# instrument, trades (signed quantity, price, fee, its asset), gains by FIFO, by average
CASES = [
    ("example 10", SPOT, [(1, 100), (1, 120), (-1, 130), (-1, 110)], ["30", "-10"], ["20", "0"]),
    ("one sale of two lots", SPOT, [(1, 100), (1, 120), ("-1.5", 130)], ["30", "5"], ["30"]),
    ("a short", PERP, [(-1, 120), (-1, 100), (1, 90), (1, 130)], ["30", "-30"], ["20", "-20"]),
    ("a flip", COINM, [(100, 10_000), (-250, 12_500), (150, 10_000)], ["0.2", "0.3"], ["0.2", "0.3"]),
    ("a fee in quote", SPOT, [(1, 100, "1", "USDT"), (-1, 110, "2", "USDT")], ["7"], ["10"]),
    ("a fee in base", SPOT, [(1, 50_000, "0.001", "BTC"), ("-0.999", 60_000)], ["9940"], ["9990"]),
    ("a fee in a third coin", SPOT, [(1, 100, "0.01", "BNB"), (-1, 110)], ["10"], ["10"]),
    ("a rebate", PERP, [(1, 100, "-1", "USDT"), (-1, 100)], ["1"], ["0"]),
]


@pytest.mark.parametrize(("rules", "trades", "fifo", "average"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_gains(rules, trades, fifo, average):
    lots, ledger = LotBook(RULES), Ledger(RULES)
    gains, realised = [], []
    for number, (quantity, price, *fee) in enumerate(trades):
        paid, asset = fee or ("0", "USDT")
        event = fill(rules.id, number, quantity, price, fee=paid, asset=asset, ts=number)
        gains += [one.gain for one in lots.apply(event)]
        assert lots.apply(event) == [], "again changes nothing"
        closes = ledger.position(ACCOUNT, rules.id) * D(quantity) < 0
        before = sum(state.realised for state in ledger.positions())
        ledger.apply(event)
        realised += [ledger.positions()[0].realised - before] if closes else []
    assert gains == [D(text) for text in fifo]
    assert realised == [D(text) for text in average]


def test_what_is_left_is_told_with_its_unit_cost():
    """1 BTC at 50,000 with 0.1 % in BTC: 0.999 BTC at 50,050.05 each."""
    lots = LotBook(RULES)
    lots.apply(fill(SPOT.id, 1, 1, 50_000, fee="0.001", asset="BTC", ts=7))
    [lot] = lots.lots(ACCOUNT, SPOT.id)
    assert (lot.quantity, lot.cost, lot.ts, lot.trade_id) == (D("0.999"), 50_000, 7, "1")
    assert round(lot.cost / lot.quantity, 2) == D("50050.05")


def test_a_delivery_closes_every_lot_and_settlements_do_not():
    lots, ledger = LotBook(RULES), Ledger(RULES)
    events = [
        opened(BTC="1"),
        fill(COINM.id, 1, 100, 10_000, asset="BTC"),
        fill(COINM.id, 2, 50, 12_500, asset="BTC"),
        row("s", EntryKind.SETTLEMENT, "0.1", "BTC", instrument=COINM.id, ts=200),
        row("d", EntryKind.DELIVERY, "-0.37", "BTC", instrument=COINM.id, ts=300),
    ]
    gone = [one for event in events for one in lots.apply(event)]
    for event in events:
        ledger.apply(event)
    assert [(one.opened_by, one.closed_by, one.quantity) for one in gone] == [("1", "d", 100), ("2", "d", 50)]
    assert sum(one.gain for one in gone) == ledger.balances(ACCOUNT)["BTC"] - 1 == D("-0.27")
    assert lots.lots(ACCOUNT, COINM.id) == ()


def test_an_unknown_instrument_is_refused():
    with pytest.raises(Broken, match="DOGE"):
        LotBook(RULES).apply(fill("binance_usdm:DOGEUSDT", 1, 1, 1))
