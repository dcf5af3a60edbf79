"""A position that a person gives to a strategy: quantity and cost move, the account's own books stay as they are."""

from decimal import Decimal

import pytest

from fixtures.instruments import instrument
from jtrader.domain.errors import Broken
from jtrader.domain.events import AccountOpened, ChildAccepted, Event, OrderFilled, PositionAssigned
from jtrader.domain.ids import UNASSIGNED
from jtrader.domain.order import ChildOrder, Fill, OrderType, Side, TimeInForce
from jtrader.ledger.book import Ledger

D = Decimal
ACCOUNT, PERP, COIN = "alpha", "binance_usdm:BTCUSDT", "binance_spot:BTCUSDT"


def accepted(name: str) -> ChildAccepted:
    order = ChildOrder(
        client_order_id="ours",
        parent_id="p",
        strategy="trend",
        account=ACCOUNT,
        instrument=name,
        side=Side.BUY,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC,
        quantity=D(1),
        price=None,
        reduce_only=False,
        ts=50,
    )
    return ChildAccepted(ts=50, order=order)


def fill(number: int, quantity: str, price: str, client: str | None, name: str = PERP) -> OrderFilled:
    """`quantity` below zero sells."""
    made = Fill(
        account=ACCOUNT,
        instrument=name,
        trade_id=str(number),
        venue_order_id=str(number),
        client_order_id=client,
        side=Side.BUY if D(quantity) > 0 else Side.SELL,
        price=D(price),
        quantity=abs(D(quantity)),
        fee=D("0.5"),
        fee_asset="USDT",
        maker=False,
        ts=100 + number,
    )
    return OrderFilled(ts=made.ts, fill=made)


def gives(quantity: str, number: int = 1, name: str = PERP) -> PositionAssigned:
    return PositionAssigned(
        ts=500,
        assignment_id=f"assignment:{number}",
        account=ACCOUNT,
        instrument=name,
        strategy="trend",
        quantity=D(quantity),
        actor="ann",
        reason="closed by phone",
    )


def books(*events: Event) -> Ledger:
    made = Ledger([instrument(PERP), instrument(COIN)])
    for event in (AccountOpened(ts=1, account=ACCOUNT, balances={"USDT": D(100_000)}), *events):
        made.apply(event)
    return made


def held(ledger: Ledger, strategy: str) -> tuple[Decimal, Decimal, Decimal]:
    """(quantity, cost, realised)"""
    [state] = [p for p in ledger.positions() if p.strategy == strategy]
    return state.quantity, state.cost, state.realised


@pytest.mark.parametrize(
    ("ours", "theirs", "given", "trend", "unassigned"),
    [
        # closed by phone at a profit of 0.3 · 500
        (["0.3", "60000"], ["-0.3", "60500"], "-0.3", (0, 0, 150), (0, 0, 0)),
        # a half of it
        (["0.3", "60000"], ["-0.3", "60500"], "-0.15", ("0.15", 9_000, 75), ("-0.15", -9_075, 0)),
        # bought more by phone
        (["0.3", "60000"], ["0.1", "61000"], "0.1", ("0.4", 24_100, 0), (0, 0, 0)),
        # turned round by phone: the rest is short at the phone's price
        (["0.3", "60000"], ["-0.5", "59000"], "-0.5", ("-0.2", -11_800, -300), (0, 0, 0)),
        # it held the other side
        (["-0.3", "60000"], ["0.2", "59000"], "0.2", ("-0.1", -6_000, 200), (0, 0, 0)),
    ],
)
def test_what_moves(
    ours: list[str], theirs: list[str], given: str, trend: tuple[str, ...], unassigned: tuple[str, ...]
) -> None:
    before = [accepted(PERP), fill(1, *ours, "ours"), fill(2, *theirs, None)]
    ledger = books(*before, gives(given))
    assert held(ledger, "trend") == tuple(map(D, trend))
    assert held(ledger, UNASSIGNED) == tuple(map(D, unassigned))
    apart = books(*before)
    assert ledger.balances(ACCOUNT) == apart.balances(ACCOUNT)
    assert ledger.net_holdings(ACCOUNT) == apart.net_holdings(ACCOUNT)


def test_the_postings_sum_to_zero_and_come_once() -> None:
    ledger = books(accepted(PERP), fill(1, "0.3", "60000", "ours"), fill(2, "-0.3", "60500", None))
    posted = ledger.apply(gives("-0.3"))
    sums: dict[str, Decimal] = {}
    for one in posted:
        sums[one.asset] = sums.get(one.asset, D(0)) + one.amount
    assert sums == {PERP: 0, "USDT": 0}
    assert not any(one.book == "wallet" for one in posted)
    assert ledger.apply(gives("-0.3")) == ()
    assert held(ledger, "trend")[0] == 0


def test_a_coin_moves_too() -> None:
    ledger = books(fill(1, "0.3", "60000", None, COIN), gives("0.3", name=COIN))
    assert held(ledger, "trend") == (D("0.3"), D(18_000), D(0))
    assert ledger.balances(ACCOUNT)["BTC"] == D("0.3")


@pytest.mark.parametrize("quantity", ["0.1", "-0.4", "0"])
def test_more_than_there_is_was_never_journaled(quantity: str) -> None:
    ledger = books(fill(1, "-0.3", "60000", None))
    with pytest.raises(Broken, match="UNASSIGNED"):
        ledger.apply(gives(quantity))
