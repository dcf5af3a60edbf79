"""P&L in one currency: native, at each entry's rate, at the end's rate, and FX on balances; the residual is zero."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.booking import ACCOUNT, accepted, fill, opened, row
from fixtures.instruments import instrument
from jtrader.domain.account import EntryKind
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.events import LedgerAdjusted
from jtrader.domain.instrument import Product
from jtrader.ledger.period import report_period
from jtrader.ledger.rates import RateTable

D = Decimal
SPOT, PERP = instrument("binance_spot:BTCUSDT"), instrument("binance_usdm:BTCUSDT")
COINM = instrument("binance_coinm:BTCUSD", product=Product.INVERSE, base="BTC", settle="BTC", contract_value=100)
RULES = [SPOT, PERP, COINM]
START, END = 100, 1_000


def rates(btc=((0, 40_000), (500, 50_000), (END, 60_000)), bnb=((0, 400), (500, 600))) -> RateTable:
    table = RateTable("USDT")
    table.add("BTC", "binance_spot:BTCUSDT", [(ts, D(price)) for ts, price in btc])
    table.add("BNB", "binance_spot:BNBUSDT", [(ts, D(price)) for ts, price in bnb])
    return table


def report(*events, opening=40_000, closing=60_000, table=None, currency="USDT"):
    marks = (lambda _: D(opening)), (lambda _: D(closing))
    return report_period(ACCOUNT, (START, END), events, RULES, marks, currency, table or rates())


def told(found):
    return {(one.line.value, one.asset): (one.native, one.trade_time, one.period_end) for one in found.rows}


def test_a_coin_margined_book_that_is_flat_in_coin_gains_in_dollars():
    """2 BTC, +0.1 BTC realised at 50,000, the rate goes from 40,000 to 60,000."""
    events = [opened(1, BTC="2"), fill(COINM.id, 1, 100, 10_000, asset="BTC", ts=10)]
    found = report(*events, fill(COINM.id, 2, -100, 11_000, asset="BTC", ts=500), opening=10_000)
    made = D("1") - D("0.90909091")
    assert told(found) == {
        ("trading", "BTC"): (made, made * 50_000, made * 60_000),
        ("fx", "BTC"): (0, 2 * D(20_000) + made * 10_000, 0),
    }
    assert (found.opening, found.residual, found.unknown) == (80_000, 0, ())
    assert found.closing == (2 + made) * 60_000


def test_every_line_of_a_linear_book_is_its_own_and_the_rate_has_source_and_time():
    found = report(
        opened(1, USDT="1000", BNB="1"),
        accepted("c", "s", PERP.id),
        fill(PERP.id, 1, "0.2", 50_000, fee="0.0125", asset="BNB", client="c", ts=500),
        row("f", EntryKind.FUNDING, "-1", instrument=PERP.id, ts=600),
        row("t", EntryKind.TRANSFER, "250", ts=700),
        LedgerAdjusted(
            ts=900, adjustment_id="a", account=ACCOUNT, asset="USDT", amount=D(3), at=800, actor="a", reason="r"
        ),
        closing=55_000,
    )
    assert told(found) == {
        ("trading", "USDT"): (1_000, 1_000, 1_000),
        ("funding", "USDT"): (-1, -1, -1),
        ("transfers", "USDT"): (250, 250, 250),
        ("other", "USDT"): (3, 3, 3),
        ("fees", "BNB"): (D("-0.0125"), D("-7.5"), D("-7.5")),
        ("fx", "BNB"): (0, 200, 0),
    }
    [fee] = [one for one in found.rows if one.line == "fees"]
    assert (fee.rate.source, fee.rate.ts) == ("binance_spot:BNBUSDT", 500)
    assert found.closing - found.opening == 1_000 - 1 + 250 + 3 - D("7.5") + 200
    assert found.residual == 0


def test_a_spot_position_trades_in_quote_and_only_idle_coins_have_fx():
    """1 BTC idle; 1 BTC bought at 50,000 with the fee in base, worth 60,000 at the end."""
    found = report(opened(1, USDT="50000", BTC="1"), fill(SPOT.id, 1, 1, 50_000, fee="0.001", asset="BTC", ts=500))
    assert told(found) == {
        ("trading", "USDT"): (9_990, 9_990, 9_990),
        ("fees", "USDT"): (-50, -50, -50),
        ("fx", "BTC"): (0, 20_000, 0),
    }
    assert found.residual == 0


def test_an_asset_without_a_rate_is_named_and_stays_native():
    found = report(opened(1, USDT="5", XYZ="7"), row("t", EntryKind.TRANSFER, "1", "XYZ", ts=700))
    assert found.unknown == ("XYZ",)
    assert told(found) == {("transfers", "XYZ"): (1, None, None)}
    assert (found.opening, found.closing, found.residual) == (5, 5, 0)


def test_a_quiet_period_and_what_can_t_be_told():
    quiet = report(opened(1, USDT="5"))
    assert (quiet.rows, quiet.opening, quiet.closing) == ((), 5, 5)
    held = [opened(1, USDT="5"), fill(PERP.id, 1, 1, 5, ts=10)]
    with pytest.raises(BadInput, match=PERP.id):
        report_period(ACCOUNT, (START, END), held, RULES, (lambda _: None, lambda _: None), "USDT", rates())
    with pytest.raises(Broken, match="EUR"):
        report(*held, currency="EUR")


prices = st.integers(1, 10**7).map(lambda cents: D(cents) / 100)
trades = st.lists(
    st.tuples(
        st.sampled_from(RULES),
        st.integers(-5_000, 5_000).filter(bool),
        prices,
        st.integers(2, 1_200),
        st.sampled_from(["a", "b", None]),
        st.sampled_from(["0", "0.0003", "-0.0001"]),
        st.booleans(),
    ),
    max_size=20,
)


@given(trades, st.lists(prices, min_size=5, max_size=5))
def test_the_residual_is_zero_whatever_happens(given_trades, given_prices):
    """Equity change = trading + fees + funding + FX + transfers, exactly, through flips, books of several strategies,
    settlements and fees in any coin."""
    events = [opened(1, USDT="1000", BTC="3", BNB="2"), accepted("a", "a", PERP.id), accepted("b", "b", PERP.id)]
    for number, (rules, quantity, price, ts, client, fee, in_third) in enumerate(given_trades):
        asset = "BNB" if in_third else (rules.base if rules.is_spot else rules.settle)
        size = D(quantity) / 1_000
        events.append(fill(rules.id, number, size, price, fee=fee, asset=asset, client=client, ts=ts))
        if number % 4 == 3:
            kind = [EntryKind.FUNDING, EntryKind.SETTLEMENT, EntryKind.LIQUIDATION_FEE, EntryKind.DELIVERY][
                number // 4 % 4
            ]
            events.append(row(f"r{number}", kind, "0.5", "BTC", instrument=COINM.id, ts=ts))
    one, two, three, four, five = given_prices
    table = rates(((0, one), (500, two), (END, three)), ((0, four), (300, five)))
    found = report(*events, opening=one, closing=three, table=table)
    assert found.unknown == ()
    assert found.residual == 0
