"""The published examples of P&L accounting, to the last digit that their sources print.

Sources: BitMEX inverse futures guide, P&L guide, ETHUSD series guide, article on the average entry price; Binance
futures guide (USDT-M and COIN-M); HTX's description of settlement; the wallet of a public Reddit post.
"""

from decimal import Decimal

import pytest

from fixtures.booking import ACCOUNT, accepted, fill, opened, row
from fixtures.instruments import instrument
from jtrader.domain.account import EntryKind
from jtrader.domain.events import ExpirySeen
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.money import ZERO, round_half_even
from jtrader.domain.times import parse_time
from jtrader.ledger.book import Ledger
from jtrader.ledger.funding import paid
from jtrader.ledger.position import FLAT, Holding, entry_price, open_price, traded, unrealised
from jtrader.ledger.rules import PLAIN, SATOSHI, rounding_at
from jtrader.ledger.settlement import closed_at

D = Decimal
TODAY, THEN = parse_time("2026-01-15"), parse_time("2020-03-13")


def contract(product: Product, value: str, **changes: str) -> Instrument:
    return instrument("bench:X", product=product, contract_value=value, **{"base": "B", "settle": "S"} | changes)


LINEAR = contract(Product.LINEAR, "1")
XBT = contract(Product.INVERSE, "1")
COINM = contract(Product.INVERSE, "100")
QUANTO = contract(Product.QUANTO, "0.000001")
SPOT = contract(Product.SPOT, "1")
XBTUSD = instrument("bitmex:XBTUSD", product=Product.INVERSE, base="BTC", quote="USD", settle="BTC", quantity_step=1)
SWAP = instrument("huobi_swap:BTC-USD", product=Product.INVERSE, base="BTC", settle="BTC", contract_value=100)
DATED = instrument("huobi_future:BTC261225", product=Product.INVERSE, base="BTC", settle="BTC", contract_value=100)

# name, instrument, trades (signed quantity, price), realised per trade, quantity left, mark, unrealised, digits
EXAMPLES = [
    ("1 inverse future", XBT, [(100_000, 10_000), (-100_000, 10_500)], ["0", "0.476190"], 0, 1, "0", 6),
    ("2 inverse guide", XBT, [(1_000, 1_000), (-500, 1_500)], ["0", "0.1667"], 500, 1_250, "0.1", 4),
    ("2 inverse guide open", XBT, [(1_000, 1_000)], ["0"], 1_000, 1_250, "0.20", 4),
    ("5 quanto", QUANTO, [(1_000, 500), (-1_000, 550)], ["0", "0.05"], 0, 1, "0", 8),
    ("6 linear", LINEAR, [("0.2", 50_000)], ["0"], "0.2", 55_000, "1000", 8),
    ("7 coin-margined", COINM, [(10, 50_000)], ["0"], 10, 55_000, "0.00181818", 8),
    ("8 coin-margined swap", COINM, [(1_000, 6_000)], ["0"], 1_000, 6_150, "0.4065", 4),
    ("9 flip", XBT, [(100, 10_000), (-250, 12_500)], ["0", "0.0020"], -150, 12_500, "0", 8),
    ("9 flip, linear", LINEAR, [(1, 100), ("-2.5", 110)], ["0", "10"], "-1.5", 100, "15", 8),
    ("9 flip, quanto", QUANTO, [(-100, 500), (300, 400)], ["0", "0.01"], 200, 450, "0.01", 8),
    ("10 average cost", SPOT, [(1, 100), (1, 120), (-1, 130), (-1, 110)], ["0", "0", "20", "0"], 0, 1, "0", 8),
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
        step = traded(held, instrument, D(quantity), D(price), PLAIN)
        held = step.holding
        seen.append(round(step.realised, digits))
    assert seen == [D(text) for text in realised]
    assert held.quantity == D(left)
    assert round(unrealised(held, instrument, D(mark), PLAIN), digits) == D(open_gain)


# instrument, time, trades, average entry at two decimals (four where the source prints four)
ENTRIES = [
    ("3 BitMEX long today: each lot floored", XBTUSD, TODAY, [(100, 29_800), (200, 30_000)], "29933.07"),
    ("3 BitMEX short today: each lot rounded", XBTUSD, TODAY, [(-100, 29_800), (-200, 30_000)], "29933.07"),
    ("3 short, where rounding goes up", XBTUSD, TODAY, [(-100, 30_100)], "30099.99"),
    ("3 long, where flooring stays", XBTUSD, TODAY, [(100, 30_100)], "30100.08"),
    ("3 BitMEX then: each contract rounded", XBTUSD, THEN, [(100, 29_800), (200, 30_000)], "29934.14"),
    ("3 exact harmonic", XBT, TODAY, [(100_000_000, 29_800), (200_000_000, 30_000)], "29933.0357"),
    ("3 arithmetic", LINEAR, TODAY, [(100, 29_800), (200, 30_000)], "29933.33"),
    ("quanto", QUANTO, TODAY, [(100, 500), (100, 600)], "550"),
]


@pytest.mark.parametrize(
    ("instrument", "ts", "trades", "entry"), [case[1:] for case in ENTRIES], ids=[case[0] for case in ENTRIES]
)
def test_average_entry_price(instrument, ts, trades, entry):
    held = FLAT
    for quantity, price in trades:
        held = traded(held, instrument, D(quantity), D(price), rounding_at(instrument, ts)).holding
    assert round_half_even(entry_price(held, instrument), D(1).scaleb(D(entry).as_tuple().exponent)) == D(entry)


def test_4_a_wallet_of_bitmex_is_met_to_the_satoshi_by_the_rule_of_its_time():
    """Bought 885 at 7,299, sold at 6,635.5, +3,334 commission on exit, funding +783 and −709."""

    def booked(then: int) -> Decimal:
        ledger = Ledger([XBTUSD])
        ledger.apply(opened(ts=then - 1, BTC="1"))
        ledger.apply(fill(XBTUSD.id, 1, 885, 7_299, asset="BTC", ts=then))
        ledger.apply(row("f1", EntryKind.FUNDING, "0.00000783", "BTC", instrument=XBTUSD.id, ts=then + 1))
        ledger.apply(row("f2", EntryKind.FUNDING, "-0.00000709", "BTC", instrument=XBTUSD.id, ts=then + 2))
        ledger.apply(fill(XBTUSD.id, 2, -885, "6635.5", fee="-0.00003334", asset="BTC", ts=then + 3))
        return (ledger.balances(ACCOUNT)["BTC"] - 1) / SATOSHI

    assert booked(THEN) == -1_208_157
    assert booked(TODAY) == -1_208_998, "8 lots of 100 and 85 odd contracts, floored at entry, rounded at exit"


def test_8_htx_settlement_rebases_the_position_price_and_leaves_the_open_price():
    """1,000 contracts × 100 USD from 6,000, settled at 6,200, then 6,300."""
    ledger = Ledger([SWAP])
    ledger.apply(opened(BTC="10"))
    ledger.apply(accepted("c", "s", SWAP.id))
    ledger.apply(fill(SWAP.id, 1, 1_000, 6_000, client="c", asset="BTC"))
    ledger.apply(row("s1", EntryKind.SETTLEMENT, "0.53763441", "BTC", instrument=SWAP.id))
    [held] = ledger.net_holdings(ACCOUNT).values()
    assert round(entry_price(held, SWAP), 2) == D("6200.00")
    assert round(open_price(held, SWAP), 2) == D("6000.00")
    settled = ledger.balances(ACCOUNT)["BTC"] - 10
    rest = unrealised(held, SWAP, D(6_300), PLAIN)
    assert (round(settled, 5), round(rest, 5), round(settled + rest, 5)) == (D("0.53763"), D("0.25602"), D("0.79365"))
    [state] = ledger.positions(lambda _: D(6_300))
    assert (state.realised, round(state.unrealised, 5)) == (0, D("0.79365")), "the strategy's book keeps its open price"

    ledger.apply(fill(SWAP.id, 2, -400, 6_300, client="c", asset="BTC", ts=300))
    [held] = ledger.net_holdings(ACCOUNT).values()
    assert round(open_price(held, SWAP), 2) == D("6000.00"), "reducing leaves both prices"
    assert round(entry_price(held, SWAP), 2) == D("6200.00")
    ledger.apply(fill(SWAP.id, 3, -600, 6_300, client="c", asset="BTC", ts=301))
    [state] = ledger.positions()
    assert state.realised == ledger.balances(ACCOUNT)["BTC"] - 10 == D("0.79365080")


def test_a_dated_contract_is_flat_after_its_delivery():
    """Long 1,000 × 100 USD for one strategy, short 400 for another; delivered at 8,000."""
    ledger = Ledger([DATED])
    ledger.apply(opened(BTC="10"))
    for client in ("long", "short"):
        ledger.apply(accepted(client, client, DATED.id))
    ledger.apply(fill(DATED.id, 1, 1_000, 10_000, client="long", asset="BTC"))
    ledger.apply(fill(DATED.id, 2, -400, 12_500, client="short", asset="BTC", ts=150))
    net_worth, net_cost = D("-7.5"), D("-6")  # 600 contracts: 60,000 USD at 8,000 and at 10,000
    posted = ledger.apply(row("d1", EntryKind.DELIVERY, str(net_worth - net_cost), "BTC", instrument=DATED.id))
    assert sum(p.amount for p in posted if p.asset == "BTC") == 0
    assert ledger.net_holdings(ACCOUNT) == {}
    assert ledger.balances(ACCOUNT) == {"BTC": 10 + D("0.8") - D("1.5")}
    told = {state.strategy: (state.quantity, state.cost, state.realised) for state in ledger.positions()}
    assert told == {"long": (0, 0, D("-2.5")), "short": (0, 0, D("1.8"))}
    assert ledger.positions(lambda _: D(1))[0].unrealised == 0


@pytest.mark.parametrize("told", [True, False], ids=["with a row of nothing", "without a row"])
def test_strategies_that_cancel_out_deliver_to_each_other(told):
    """Long 1,000 × 100 USD from 10,000, short 1,000 in two books from 12,500; expired at 8,000: no money of the
    venue's, whose net position realised 2 BTC in its trades."""
    ledger = Ledger([DATED])
    ledger.apply(opened(BTC="10"))
    for client, quantity, price in (("long", 1_000, 10_000), ("short", -700, 12_500), ("shorter", -300, 12_500)):
        ledger.apply(accepted(client, client, DATED.id))
        ledger.apply(fill(DATED.id, client, quantity, price, client=client, asset="BTC"))
    wallet = ledger.balances(ACCOUNT)
    if told:
        assert ledger.apply(row("d1", EntryKind.DELIVERY, "0", "BTC", instrument=DATED.id)) == ()
    seen = ExpirySeen(ts=300, instrument=DATED.id, expiry=200, price=D(8_000))
    posted = ledger.apply(seen)
    assert posted
    for unit in ("BTC", str(DATED.id)):
        assert sum(p.amount for p in posted if p.asset == unit) == 0
        assert sum(p.amount for p in posted if p.asset == unit and p.book == "contracts") == 0
    states = {state.strategy: (state.quantity, state.cost, state.realised) for state in ledger.positions()}
    assert states == {"long": (0, 0, D("-2.5")), "short": (0, 0, D("3.15")), "shorter": (0, 0, D("1.35"))}
    assert ledger.balances(ACCOUNT) == wallet == {"BTC": 12}
    assert ledger.apply(seen) == (), "once"


def test_worths_of_those_who_cancel_out_sum_to_zero_whatever_the_rounding():
    """By lots that are floored where they are bought and rounded where they are sold."""
    held = {"a": Holding(D(150), D("-0.003")), "b": Holding(D(-250), D("0.005")), "c": Holding(D(100), D("-0.002"))}
    closed = closed_at(D("61234.5"), XBTUSD, held, rounding_at(XBTUSD, TODAY))
    assert sum(own.value for own in closed.values()) == 0
    assert sum(own.realised for own in closed.values()) == -sum(one.cost for one in held.values())


# instrument, signed quantity, mark, rate, received
FUNDING = [
    ("linear long pays", LINEAR, "0.2", 50_000, "0.0001", "-1.00"),
    ("linear short receives", LINEAR, "-0.2", 50_000, "0.0001", "1.00"),
    ("inverse long pays coin", XBT, 100_000, 10_000, "0.0001", "-0.0010"),
    ("a rate below zero", XBT, 100_000, 10_000, "-0.0001", "0.0010"),
    ("quanto", QUANTO, 1_000, 500, "0.0001", "-0.00005"),
    ("by lots of 100 where worths are rounded so", XBTUSD, 1_000, 29_800, "0.01", "-0.00033557"),
]


@pytest.mark.parametrize(
    ("instrument", "quantity", "mark", "rate", "received"),
    [case[1:] for case in FUNDING],
    ids=[case[0] for case in FUNDING],
)
def test_funding_of_a_position(instrument, quantity, mark, rate, received):
    told = paid(instrument, D(quantity), D(mark), D(rate), rounding_at(instrument, TODAY))
    assert told == D(received)


def test_reducing_leaves_the_entry_price_and_going_flat_leaves_no_cost():
    held = traded(FLAT, LINEAR, D("0.3"), D("50000.1"), PLAIN).holding
    held = traded(held, LINEAR, D("-0.1"), D(60_000), PLAIN).holding
    assert entry_price(held, LINEAR) == D("50000.1")
    assert traded(held, LINEAR, D("-0.2"), D(40_000), PLAIN).holding == Holding(ZERO, ZERO)
    assert entry_price(FLAT, LINEAR) is None


def test_released_cost_is_rounded_half_even_at_the_eighth_decimal():
    """A third of 0.00000001 released twice: 0 then 0, and the last close releases what is left."""
    held = traded(FLAT, QUANTO, D(3), D("0.01"), PLAIN).holding  # cost 0.00000003
    held = traded(held, QUANTO, D(1), D("0.02"), PLAIN).holding  # four contracts for 0.00000005
    first = traded(held, QUANTO, D(-2), D("0.02"), PLAIN)
    assert held.cost - first.holding.cost == D("0.00000002")  # 0.000000025 → even
    last = traded(first.holding, QUANTO, D(-2), D("0.02"), PLAIN)
    assert first.realised + last.realised == D("0.00000003")


def test_bitmex_counts_millionths_of_usdt():
    rules = instrument("bitmex:XBTUSDT", contract_value="0.000001", quantity_step=1)
    held = traded(FLAT, rules, D(1), D("50000.5"), rounding_at(rules, TODAY)).holding
    assert unrealised(held, rules, D("50001.33333"), rounding_at(rules, TODAY)) == D("0.000001")
