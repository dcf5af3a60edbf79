"""What must hold for the books whatever trades come: entries balance, money is conserved, repeats are safe."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.instruments import instrument
from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.events import (
    AccountOpened,
    ChildAccepted,
    EntryBooked,
    ExpirySeen,
    FundingSeen,
    OrderFilled,
    PositionAssigned,
)
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.order import ChildOrder, Fill, OrderType, Side, TimeInForce
from jtrader.ledger.book import FEES, Ledger
from jtrader.ledger.lots import LotBook

D = Decimal
PERP, SPOT, COINM = "binance_usdm:BTCUSDT", "binance_spot:BTCUSDT", "binance_coinm:BTCUSD"
PRODUCTS = {PERP: Product.LINEAR, SPOT: Product.SPOT, COINM: Product.INVERSE}
OWNERS = {"c-up": "up", "c-down": "down", None: "UNASSIGNED"}


def rules(name: str) -> Instrument:
    changes = {"settle": "BTC", "contract_value": 100} if name == COINM else {}
    return instrument(name, product=PRODUCTS[name], base="BTC", quantity_step="0.00001", **changes)


def decimals(low: str, high: str, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(D(low), D(high), places=places, allow_nan=False, allow_infinity=False)


@st.composite
def histories(draw, names=tuple(PRODUCTS)):
    """Openings, accepted orders, then fills and funding in any mixture."""
    events = [AccountOpened(ts=0, account="a", balances={"USDT": draw(decimals("0", "1e6", 8))})]
    for client, strategy in OWNERS.items():
        if client:
            events.append(ChildAccepted(ts=0, order=order(client, strategy)))
    for number in range(draw(st.integers(1, 25))):
        name = draw(st.sampled_from(names))
        if draw(st.integers(0, 3)) == 0:
            events.append(draw(rows(name, number)))
            continue
        base = name == SPOT and draw(st.booleans())
        fill = Fill(
            account="a",
            instrument=name,
            trade_id=str(number),
            venue_order_id="1",
            client_order_id=draw(st.sampled_from(list(OWNERS))),
            side=draw(st.sampled_from(Side)),
            price=draw(decimals("0.01", "99999.99", 2)),
            quantity=draw(decimals("0.00100", "5", 5)),
            fee=draw(decimals("-0.0001", "0.0005", 8)),
            fee_asset="BTC" if base or name == COINM else "USDT",
            maker=False,
            ts=number + 1,
        )
        events.append(OrderFilled(ts=number + 1, fill=fill))
    return events


KINDS = [EntryKind.FUNDING, EntryKind.SETTLEMENT, EntryKind.DELIVERY, EntryKind.LIQUIDATION_FEE, EntryKind.REBATE]


@st.composite
def rows(draw, name, number):
    """What the venue's clock brings, and the funding instant that we see ourselves."""
    ts = number + 1
    if name != SPOT and draw(st.booleans()):
        rate = draw(decimals("-0.01", "0.01", 6))
        if draw(st.integers(0, 3)) == 0:
            return ExpirySeen(ts=ts, instrument=name, expiry=ts, price=draw(decimals("0.01", "99999.99", 2)))
        return FundingSeen(ts=ts, instrument=name, instant=ts, mark=draw(decimals("0.01", "99999.99", 2)), rate=rate)
    row = VenueEntry(
        account="a",
        entry_id=f"e{number}",
        kind=EntryKind.FUNDING if name == SPOT else draw(st.sampled_from(KINDS)),
        asset=rules(name).settle,
        amount=draw(decimals("-5", "5", 8)),
        ts=ts,
        instrument=name,
    )
    return EntryBooked(ts=ts, entry=row)


def order(client, strategy):
    return ChildOrder(
        client_order_id=client,
        parent_id="p",
        strategy=strategy,
        account="a",
        instrument=PERP,
        side=Side.BUY,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC,
        quantity=D(1),
        price=None,
        reduce_only=False,
        ts=0,
    )


def closing(name, client, held, price):
    """Brings a strategy flat."""
    fill = Fill(
        account="a",
        instrument=name,
        trade_id=f"close {client}",
        venue_order_id="2",
        client_order_id=client,
        side=Side.SELL if held > 0 else Side.BUY,
        price=price,
        quantity=abs(held),
        fee=D(0),
        fee_asset="USDT",
        maker=False,
        ts=1_000,
    )
    return OrderFilled(ts=1_000, fill=fill)


def booked(events):
    ledger = Ledger(rules(name) for name in PRODUCTS)
    return ledger, [posting for event in events for posting in ledger.apply(event)]


def total(postings, **wanted):
    return sum((p.amount for p in postings if all(getattr(p, k) == v for k, v in wanted.items())), D(0))


@given(histories())
def test_every_entry_sums_to_zero_per_asset(events):
    _, postings = booked(events)
    for key in {(p.entry_id, p.asset) for p in postings}:
        assert total(postings, entry_id=key[0], asset=key[1]) == 0


@given(histories())
def test_positions_and_balances_are_sums_of_postings(events):
    ledger, postings = booked(events)
    for asset, amount in ledger.balances("a").items():
        assert total(postings, book="wallet", asset=asset) == amount
    for state in ledger.positions():
        mine = {"strategy": state.strategy, "instrument": state.instrument}
        unit = "BTC" if state.instrument == SPOT else state.instrument
        assert -total(postings, book="inventory", asset=unit, **mine) == state.quantity
        assert total(postings, book="inventory", asset=state.settle, **mine) == state.cost
        assert -total(postings, book="realised", asset=state.settle, **mine) == state.realised
        assert total(postings, book="fees", asset=state.settle, **mine) == state.fees
        assert -total(postings, book="funding", asset=state.settle, **mine) == state.funding


@given(histories())
def test_strategies_and_unassigned_sum_to_the_net(events):
    ledger, _ = booked(events)
    for name in PRODUCTS:
        owned = sum((ledger.strategy_position("a", owner, name) for owner in OWNERS.values()), D(0))
        assert owned == ledger.position("a", name)


@given(histories(), st.sampled_from(["up", "down"]), decimals("0.1", "1", 1))
def test_what_is_given_to_a_strategy_leaves_the_net_and_the_wallet_alone(events, taker, part):
    ledger, _ = booked(events)
    for number, name in enumerate(PRODUCTS):
        stray = ledger.strategy_position("a", "UNASSIGNED", name)
        before = ledger.position("a", name), ledger.balances("a")
        moved = (
            ledger.apply(
                PositionAssigned(
                    ts=2_000,
                    assignment_id=f"assignment:{number}",
                    account="a",
                    instrument=name,
                    strategy=taker,
                    quantity=stray * part,
                    actor="ann",
                    reason="by phone",
                )
            )
            if stray
            else ()
        )
        assert total(moved) == 0
        assert (ledger.position("a", name), ledger.balances("a")) == before
        assert ledger.strategy_position("a", "UNASSIGNED", name) == stray - stray * part
        owned = sum((ledger.strategy_position("a", owner, name) for owner in OWNERS.values()), D(0))
        assert owned == ledger.position("a", name)


@given(histories())
def test_funding_that_no_venue_books_moves_no_wallet_and_sums_to_zero(events):
    ledger, postings = booked(events)
    silent, _ = booked([event for event in events if not isinstance(event, FundingSeen)])
    assert ledger.balances("a") == silent.balances("a")
    ours = [posting for posting in postings if posting.entry_id.startswith("funding:")]
    for asset in ("USDT", "BTC"):
        assert total(ours, asset=asset) == 0


@given(histories())
def test_a_replay_at_any_index_gives_equal_books(events):
    ledger, whole = booked(events)
    again = Ledger(rules(name) for name in PRODUCTS)
    posted = [posting for event in events[: len(events) // 2] for posting in again.apply(event)]
    posted += [posting for event in events[len(events) // 2 :] for posting in again.apply(event)]
    assert posted == whole
    assert (again.balances("a"), again.positions()) == (ledger.balances("a"), ledger.positions())


@given(histories(), st.randoms())
def test_repeats_change_nothing(events, random):
    ledger, _ = booked(events)
    before = (ledger.balances("a"), ledger.positions(), ledger.net_holdings("a"))
    again = [event for event in events if not isinstance(event, AccountOpened)]
    random.shuffle(again)
    assert [p for event in again for p in ledger.apply(event)] == []
    assert (ledger.balances("a"), ledger.positions(), ledger.net_holdings("a")) == before


@given(histories(names=(PERP,)), decimals("0.01", "99999.99", 2))
def test_once_flat_strategies_and_wallet_tell_the_same_total(events, price):
    """Sum of the strategies' P&L = what the wallet gained, to the last digit, whoever closed whom."""
    ledger, _ = booked(events)
    opening = events[0].balances["USDT"]
    for client, strategy in OWNERS.items():
        held = ledger.strategy_position("a", strategy, PERP)
        if not held:
            continue
        ledger.apply(closing(PERP, client, held, price))
    assert ledger.position("a", PERP) == 0
    assert sum((state.pnl for state in ledger.positions()), D(0)) == ledger.balances("a")["USDT"] - opening


@given(histories(), decimals("0.01", "99999.99", 2))
def test_lots_and_average_cost_tell_the_same_total_once_flat(events, price):
    """Gains net of fees in the settle asset = what average cost brought the wallet, to the last digit."""
    ledger, lots = (kind(rules(name) for name in PRODUCTS) for kind in (Ledger, LotBook))
    gains = dict.fromkeys(PRODUCTS, D(0))
    cash = []
    events = [event for event in events if not (isinstance(event, EntryBooked) and event.entry.kind in FEES)]

    def take(event):
        cash.extend(p for p in ledger.apply(event) if p.book == "wallet" and p.kind is not EntryKind.FUNDING)
        for one in lots.apply(event):
            gains[one.instrument] += one.gain

    for event in events:
        is_row = isinstance(event, EntryBooked)
        of_nobody = is_row and not ledger.position("a", event.entry.instrument)
        if not (of_nobody or (is_row and event.entry.kind in FEES)):
            take(event)
    for name in PRODUCTS:
        for client, strategy in OWNERS.items():
            if held := ledger.strategy_position("a", strategy, name):
                take(closing(name, client, held, price))
        assert gains[name] == total(cash, instrument=name, asset=rules(name).settle)
        assert not lots.lots("a", name)


@settings(max_examples=50)
@given(histories(names=(SPOT,)), decimals("0.01", "99999.99", 2))
def test_spot_profit_at_mark_is_what_the_account_is_worth_more(events, mark):
    """Realised + unrealised − fees = cash gained + base held · mark, up to one rounding of the unrealised."""
    events = [event for event in events if not isinstance(event, EntryBooked)]
    ledger, _ = booked(events)
    balances = ledger.balances("a")
    gained = balances.get("USDT", D(0)) - events[0].balances["USDT"] + balances.get("BTC", D(0)) * mark
    states = ledger.positions(lambda _: mark)
    assert abs(sum((state.pnl for state in states), D(0)) - gained) <= len(states) * D("0.000000005")
