"""What `jtrader pnl day` prints of coins that pay fees."""

from decimal import Decimal

from jtrader.app.cli.pnl import _coins
from jtrader.app.jobs.pnl_day import DayOfAccount
from jtrader.ledger.coins import Spent
from jtrader.ledger.reporting import CurrencyReport

D = Decimal


def spent(asset: str, quantity: str, value: str | None, cost: str | None) -> Spent:
    return Spent(
        account="alpha",
        asset=asset,
        quantity=D(quantity),
        value=None if value is None else D(value),
        cost=None if cost is None else D(cost),
        rate=None,
        reference="x#1",
        ts=1,
    )


def test_fees_of_a_coin_are_summed_and_unknown_stays_unknown():
    report = CurrencyReport(
        account="alpha", currency="USDT", start=0, end=1, rows=(), opening=D(0), closing=D(0), residual=D(0)
    )
    paid = (spent("BNB", "0.0125", "7.50", "5.00"), spent("BNB", "0.0125", "7.50", "6"), spent("HT", "1", None, "2"))
    bnb, ht = _coins(DayOfAccount(report, (), paid))
    assert bnb == {"asset": "BNB", "fees": 2, "quantity": "0.025", "value": "15", "cost": "11", "gain": "4"}
    assert (ht["value"], ht["gain"], ht["quantity"]) == ("-", "-", "1")
