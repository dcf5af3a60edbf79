"""The published examples of P&L accounting, to the last digit that their sources print.

Sources: BitMEX inverse futures guide, P&L guide and ETHUSD series guide; Binance futures guide (USDT-M and COIN-M).
"""

from decimal import Decimal

import pytest

from fixtures.instruments import instrument
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.money import ZERO
from jtrader.ledger.position import FLAT, traded, unrealised
from jtrader.ledger.rules import SATOSHI

D = Decimal


def contract(product: Product, value: str) -> Instrument:
    return instrument("bench:X", product=product, base="B", quote="Q", settle="S", contract_value=value)


LINEAR = contract(Product.LINEAR, "1")
XBT = contract(Product.INVERSE, "1")
COINM = contract(Product.INVERSE, "100")
QUANTO = contract(Product.QUANTO, "0.000001")
SPOT = contract(Product.SPOT, "1")

# name, instrument, trades (signed quantity, price), realised per trade, quantity left, mark, unrealised, digits
EXAMPLES = [
    ("inverse future", XBT, [(100_000, 10_000), (-100_000, 10_500)], ["0", "0.476190"], 0, 1, "0", 6),
    ("inverse guide", XBT, [(1_000, 1_000), (-500, 1_500)], ["0", "0.1667"], 500, 1_250, "0.1", 4),
    ("inverse guide open", XBT, [(1_000, 1_000)], ["0"], 1_000, 1_250, "0.20", 4),
    ("quanto", QUANTO, [(1_000, 500), (-1_000, 550)], ["0", "0.05"], 0, 1, "0", 8),
    ("linear", LINEAR, [("0.2", 50_000)], ["0"], "0.2", 55_000, "1000", 8),
    ("coin-margined", COINM, [(10, 50_000)], ["0"], 10, 55_000, "0.00181818", 8),
    ("flip", XBT, [(100, 10_000), (-250, 12_500)], ["0", "0.0020"], -150, 12_500, "0", 8),
    ("average cost", SPOT, [(1, 100), (1, 120), (-1, 130), (-1, 110)], ["0", "0", "20", "0"], 0, 1, "0", 8),
    ("long inverse falls faster", XBT, [(10_000, 10_000)], ["0"], 10_000, 8_000, "-0.25", 8),
]


@pytest.mark.parametrize(
    ("instrument", "trades", "realised", "left", "mark", "open_gain", "digits"),
    [example[1:] for example in EXAMPLES],
    ids=[example[0] for example in EXAMPLES],
)
def test_published_example(instrument, trades, realised, left, mark, open_gain, digits):
    held = FLAT
    seen = []
    for quantity, price in trades:
        step = traded(held, instrument, D(quantity), D(price), SATOSHI)
        held = step.holding
        seen.append(round(step.realised, digits))
    assert seen == [D(text) for text in realised]
    assert held.quantity == D(left)
    assert round(unrealised(held, instrument, D(mark), SATOSHI), digits) == D(open_gain)


def test_reducing_leaves_the_entry_price_and_going_flat_leaves_no_cost():
    held = traded(FLAT, LINEAR, D("0.3"), D("50000.1"), SATOSHI).holding
    held = traded(held, LINEAR, D("-0.1"), D(60_000), SATOSHI).holding
    assert held.cost / held.quantity == D("50000.1")
    assert traded(held, LINEAR, D("-0.2"), D(40_000), SATOSHI).holding.cost == ZERO


def test_released_cost_is_rounded_half_even_at_the_eighth_decimal():
    """A third of 0.00000001 released twice: 0 then 0, and the last close releases what is left."""
    held = traded(FLAT, QUANTO, D(3), D("0.01"), SATOSHI).holding  # cost 0.00000003
    held = traded(held, QUANTO, D(1), D("0.02"), SATOSHI).holding  # four contracts for 0.00000005
    first = traded(held, QUANTO, D(-2), D("0.02"), SATOSHI)
    assert held.cost - first.holding.cost == D("0.00000002")  # 0.000000025 → even
    last = traded(first.holding, QUANTO, D(-2), D("0.02"), SATOSHI)
    assert first.realised + last.realised == D("0.00000003")
