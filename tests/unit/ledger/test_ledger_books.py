"""What the ledger books for fills, fees, funding and transfers: postings, wallets, positions."""

from decimal import Decimal

import pytest

from fixtures import booking
from fixtures.instruments import instrument
from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.events import AccountOpened, ChildAccepted, EntryBooked, MarkSeen, OrderFilled
from jtrader.domain.ids import UNASSIGNED
from jtrader.domain.order import Fill, Side
from jtrader.ledger.book import Ledger

D = Decimal
ACCOUNT = "alpha"
PERP = "binance_usdm:BTCUSDT"
COIN = "binance_spot:BTCUSDT"


@pytest.fixture
def ledger() -> Ledger:
    books = Ledger([instrument(PERP), instrument(COIN)])
    books.apply(AccountOpened(ts=1, account=ACCOUNT, balances={"USDT": D(100_000)}))
    return books


def fill(
    trade_id, side, quantity, price, *, instrument=PERP, fee="0", asset="USDT", client=None, ts=100
) -> OrderFilled:
    return OrderFilled(
        ts=ts,
        fill=Fill(
            account=ACCOUNT,
            instrument=instrument,
            trade_id=str(trade_id),
            venue_order_id="1",
            client_order_id=client,
            side=Side(side),
            price=D(price),
            quantity=D(quantity),
            fee=D(fee),
            fee_asset=asset,
            maker=False,
            ts=ts,
        ),
    )


def row(entry_id, kind, amount, *, ts=200, instrument=PERP, reference="") -> EntryBooked:
    return EntryBooked(
        ts=ts,
        entry=VenueEntry(
            account=ACCOUNT,
            entry_id=entry_id,
            kind=kind,
            asset="USDT",
            amount=D(amount),
            ts=ts,
            instrument=instrument,
            reference=reference,
        ),
    )


def accepted(client: str, strategy: str) -> ChildAccepted:
    return booking.accepted(client, strategy, PERP, ts=50)


def test_perpetual_round_trip_moves_the_wallet_by_profit_fees_and_funding(ledger):
    ledger.apply(accepted("c1", "model_signal"))
    ledger.apply(fill(1, "buy", "0.2", "50000", fee="5", client="c1"))
    assert ledger.balances(ACCOUNT) == {"USDT": D(99_995)}
    assert ledger.equity(ACCOUNT, {PERP: D(55_000)}.get) == {"USDT": D(100_995)}
    ledger.apply(row("f1", EntryKind.FUNDING, "-1.00"))
    ledger.apply(fill(2, "sell", "0.2", "55000", fee="5.5", client="c1"))
    assert ledger.balances(ACCOUNT) == {"USDT": D("100988.5")}
    [state] = ledger.positions()
    assert (state.strategy, state.quantity, state.cost) == ("model_signal", 0, 0)
    assert (state.realised, state.fees, state.funding) == (D(1000), D("10.5"), D(-1))
    assert state.pnl == D("988.5")


def test_booking_twice_changes_nothing(ledger):
    assert ledger.apply(fill(1, "buy", "0.2", "50000", fee="5"))
    assert ledger.apply(row("f1", EntryKind.FUNDING, "-1"))
    before = (ledger.balances(ACCOUNT), ledger.positions())
    assert ledger.apply(fill(1, "buy", "0.2", "50000", fee="5")) == ()
    assert ledger.apply(row("f1", EntryKind.FUNDING, "-1")) == ()
    assert (ledger.balances(ACCOUNT), ledger.positions()) == before


def test_venue_rows_that_repeat_a_fill_are_not_booked(ledger):
    assert ledger.apply(row("r1", EntryKind.TRADE, "12", reference="1")) == ()
    assert ledger.apply(row("r2", EntryKind.FEE, "-5", reference="1")) == ()
    assert ledger.balances(ACCOUNT) == {"USDT": D(100_000)}


def test_rows_up_to_the_opening_are_part_of_it(ledger):
    assert ledger.apply(row("t0", EntryKind.TRANSFER, "100000", ts=1, instrument=None)) == ()
    assert ledger.apply(row("t1", EntryKind.TRANSFER, "500", ts=2, instrument=None))
    assert ledger.balances(ACCOUNT) == {"USDT": D(100_500)}


def test_a_second_opening_must_be_the_same(ledger):
    assert ledger.apply(AccountOpened(ts=9, account=ACCOUNT, balances={"USDT": D(100_000)})) == ()
    with pytest.raises(Broken, match="alpha"):
        ledger.apply(AccountOpened(ts=9, account=ACCOUNT, balances={"USDT": D(1)}))


def test_spot_fee_in_base_reduces_what_is_received(ledger):
    """Buy 1 BTC at 50,000 with 0.1 % in BTC: 0.999 held at 50,000, the fee 50 USDT beside it."""
    ledger.apply(fill(1, "buy", "1", "50000", instrument=COIN, fee="0.001", asset="BTC"))
    assert ledger.balances(ACCOUNT) == {"BTC": D("0.999"), "USDT": D(50_000)}
    [state] = ledger.positions()
    assert (state.quantity, state.cost, state.fees, state.realised) == (D("0.999"), D(49_950), D(50), 0)


def test_spot_fee_in_quote_and_in_a_third_coin(ledger):
    ledger.apply(fill(1, "buy", "1", "50000", instrument=COIN, fee="0.0125", asset="BNB"))
    ledger.apply(fill(2, "sell", "1", "51000", instrument=COIN, fee="51", asset="USDT"))
    assert ledger.balances(ACCOUNT) == {"BNB": D("-0.0125"), "BTC": D(0), "USDT": D(100_949)}
    points = {point.asset: point for point in ledger.pnl_points(300)}
    assert (points["USDT"].realised, points["USDT"].fees, points["BNB"].fees) == (D(1000), D(51), D("0.0125"))


def test_a_rebate_keeps_its_sign(ledger):
    ledger.apply(fill(1, "buy", "0.2", "50000", fee="-1"))
    assert ledger.balances(ACCOUNT) == {"USDT": D(100_001)}
    assert ledger.positions()[0].fees == D(-1)


def test_fills_that_are_not_ours_are_unassigned(ledger):
    ledger.apply(fill(1, "buy", "0.2", "50000"))
    ledger.apply(fill(2, "buy", "0.2", "50000", client="somebody"))
    assert [state.strategy for state in ledger.positions()] == [UNASSIGNED]
    assert ledger.position(ACCOUNT, PERP) == D("0.4")


def test_late_funding_goes_to_who_held_at_the_instant(ledger):
    """Flat when the row arrives, but long at the instant: the strategy that was long pays."""
    ledger.apply(accepted("c1", "model_signal"))
    ledger.apply(fill(1, "buy", "0.2", "50000", client="c1", ts=100))
    ledger.apply(fill(2, "sell", "0.2", "50000", client="c1", ts=210))
    ledger.apply(row("f1", EntryKind.FUNDING, "-1", ts=200))
    assert [(s.strategy, s.funding) for s in ledger.positions()] == [("model_signal", D(-1))]


def test_opposite_strategies_pay_each_other_and_sum_to_the_venue(ledger):
    for client, strategy in (("a", "up"), ("b", "down")):
        ledger.apply(accepted(client, strategy))
    ledger.apply(fill(1, "buy", "2", "50000", client="a"))
    ledger.apply(fill(2, "sell", "1", "51000", client="b"))
    ledger.apply(row("f1", EntryKind.FUNDING, "-1"))
    assert {s.strategy: s.funding for s in ledger.positions()} == {"up": D(-2), "down": D(1)}
    assert ledger.balances(ACCOUNT)["USDT"] == D(100_000) + 1000 - 1, "the venue realised on the net position"
    assert {s.strategy: s.realised for s in ledger.positions()} == {"up": 0, "down": 0}


def test_marks_come_from_events_or_from_the_caller(ledger):
    ledger.apply(fill(1, "buy", "1", "50000"))
    with pytest.raises(BadInput, match=PERP):
        ledger.equity(ACCOUNT)
    ledger.apply(MarkSeen(ts=300, instrument=PERP, mark=D("50000.000000005")))
    assert ledger.positions()[0].unrealised == D("0E-8"), "ties go to even"
    assert ledger.equity(ACCOUNT, lambda _: D(49_999)) == {"USDT": D(99_999)}


def test_an_unknown_instrument_is_refused_and_nothing_is_booked(ledger):
    with pytest.raises(Broken, match="DOGE"):
        ledger.apply(fill(1, "buy", "1", "1", instrument="binance_usdm:DOGEUSDT"))
    assert ledger.balances(ACCOUNT) == {"USDT": D(100_000)}


def fee_row(amount: str, ts: int = 200) -> EntryBooked:
    return row("x1", EntryKind.LIQUIDATION_FEE, amount, ts=ts)


@pytest.mark.parametrize(
    ("held", "paid"),
    [
        ([("a", "2"), ("b", "1")], {"a": D(2), "b": D(1)}),
        ([("a", "2"), ("b", "-1")], {"a": D(3), "b": D(0)}),
        ([("a", "1"), ("b", "-1")], {"a": D(0), "b": D(0), UNASSIGNED: D(3)}),
        ([], {UNASSIGNED: D(3)}),
    ],
    ids=["in proportion", "those on the side of the net", "net flat", "nobody held anything"],
)
def test_a_fee_without_a_trade_is_borne_by_the_side_of_the_net_position(ledger, held, paid):
    for number, (strategy, quantity) in enumerate(held):
        ledger.apply(accepted(strategy, strategy))
        side = "buy" if D(quantity) > 0 else "sell"
        ledger.apply(fill(number, side, abs(D(quantity)), "50000", client=strategy))
    before = ledger.balances(ACCOUNT)["USDT"]
    ledger.apply(fee_row("-3"))
    assert {state.strategy: state.fees for state in ledger.positions()} == paid
    assert ledger.balances(ACCOUNT)["USDT"] == before - 3
