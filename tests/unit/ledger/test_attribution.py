"""A strategy's P&L by where it came from: signal + execution = price P&L, fees and funding beside it."""

from decimal import Decimal

import pytest

from fixtures.booking import ACCOUNT, accepted, fill, opened, row
from fixtures.instruments import instrument
from jtrader.domain.account import EntryKind
from jtrader.domain.events import FundingSeen, IntentReceived
from jtrader.domain.instrument import Product
from jtrader.domain.order import Intent, Side
from jtrader.ledger.attribution import attribute

D = Decimal
PERP = instrument("binance_usdm:BTCUSDT")
COINM = instrument("binance_coinm:BTCUSD", product=Product.INVERSE, base="BTC", settle="BTC", contract_value=100)
RULES = {rules.id: rules for rules in (PERP, COINM)}
START, END = 100, 1_000


def wish(strategy: str, ts: int, name: str) -> IntentReceived:
    intent = Intent(
        parent_id="p", strategy=strategy, account=ACCOUNT, instrument=name, side=Side.BUY, quantity=D(1), ts=ts
    )
    return IntentReceived(ts=ts, intent=intent)


def attributed(*events, decided=lambda name, ts: {150: D(50_000)}.get(ts), opening=50_000, closing=51_000):
    marks = (lambda _: D(opening)), (lambda _: D(closing))
    return attribute(ACCOUNT, (START, END), [opened(1), *events], RULES, marks, decided)


def test_slippage_is_the_execution_s_and_the_rest_the_signal_s():
    """Decided at 50,000, bought 0.5 at 50,020; 51,000 at the end: +490 = 500 − 10."""
    [found] = attributed(
        wish("s", 150, PERP.id),
        accepted("c", "s", PERP.id, ts=151),
        fill(PERP.id, 1, "0.5", 50_020, fee="12.5", client="c", ts=160),
        row("f", EntryKind.FUNDING, "-2.5", instrument=PERP.id, ts=170),
    )
    assert (found.signal, found.execution, found.funding, found.fees) == (500, -10, D("-2.5"), {"USDT": D("12.5")})
    assert (found.strategy, found.asset, found.fills, found.unpriced) == ("s", "USDT", 1, 0)


def test_an_inverse_contract_in_coin():
    """Sold 100 × 100 USD at 50,010 where 50,000 was seen: the execution gained."""
    [found] = attributed(
        wish("s", 150, COINM.id),
        accepted("c", "s", COINM.id, ts=151),
        fill(COINM.id, 1, -100, 50_010, asset="BTC", client="c", ts=160),
        closing=50_010,
    )
    assert (found.signal, found.execution) == (D("-0.00003999"), D("0.00003999"))


@pytest.mark.parametrize("client", ["c", None], ids=["no price of the decision", "nobody's"])
def test_without_a_price_of_the_decision_all_is_the_signal_s(client):
    [found] = attributed(
        wish("s", 149, PERP.id),
        accepted("c", "s", PERP.id, ts=151),
        fill(PERP.id, 1, "0.5", 50_020, client=client, ts=160),
    )
    assert (found.signal, found.execution, found.unpriced) == (490, 0, 1)


def test_what_was_before_the_period_is_left_out():
    found = attributed(
        wish("s", 50, PERP.id),
        accepted("c", "s", PERP.id, ts=51),
        fill(PERP.id, 1, "0.5", 49_000, fee="7", client="c", ts=60),
        accepted("d", "t", PERP.id, ts=52),
        fill(PERP.id, 2, "-0.5", 49_500, client="d", ts=61),
        FundingSeen(ts=300, instrument=PERP.id, instant=200, mark=D(60_000), rate=D("0.0001")),
        fill(PERP.id, 3, "-0.5", 52_000, client="c", ts=END),
    )
    told = [(one.strategy, one.signal, one.execution, one.funding, one.fees, one.fills) for one in found]
    assert told == [("s", 500, 0, -3, {}, 0), ("t", -500, 0, 3, {}, 0)]
