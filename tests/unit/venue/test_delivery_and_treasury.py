"""Dated contracts end; money comes, goes and is converted; each move is a ledger row."""

from decimal import Decimal

import msgspec
import pytest

from fixtures.venue_market import VenueMarket
from jtrader.domain.errors import BadInput
from jtrader.domain.instrument import InstrumentStatus, Product
from jtrader.domain.order import OrderStatus
from jtrader.venue.records import BalancesChanged, IncomeKind
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import atoms, text
from jtrader.venue.words import Ended

# instrument, contracts, entry, settlement price → P&L of the long, delivery fee of each side
DELIVERIES = [
    ("binance_coinm:BTCUSD_261225", "1000", "50000", "40000.12345678", "-0.49999228", "0.00000000"),
    ("bitmex:XBTZ26", "100000", "50000", "62500", "0.40000000", "0.00000000"),
    ("huobi_future:BTC261225", "1000", "50000", "62500", "0.40000000", "0.00024000"),
]


@pytest.mark.parametrize(("name", "quantity", "entry", "price", "profit", "fee"), DELIVERIES)
def test_a_dated_contract_is_delivered_and_flat(
    name: str, quantity: str, entry: str, price: str, profit: str, fee: str
) -> None:
    market = VenueMarket.listed(name)
    if market["a"].modes.hedge:
        for account in market.accounts.values():
            market.venue.modes.set_hedge(account, False, 1)
    market.deal("a", "b", quantity, entry)
    order = market.order("a", "buy", quantity, "49500")
    waits = market.order("a", "buy", quantity, trigger_price="50500")
    market.venue.deliver(market.symbol, atoms(price), 9)
    row = next(row for row in market["a"].income if row.kind is IncomeKind.DELIVERY)
    assert (text(row.amount), row.price, row.lots, row.ts) == (
        profit,
        atoms(price),
        market["a"].trades[0].lots,
        9,
    )
    fees = [(row.kind, row.amount) for row in market["a"].income if row.ts == 9 and row.kind is IncomeKind.COMMISSION]
    assert fees == ([(IncomeKind.COMMISSION, -atoms(fee))] if atoms(fee) else [])
    for account in market.accounts.values():
        held = account.position(market.symbol)
        assert (held.lots, held.cost, held.open_cost) == (0, 0, 0)
    assert (order.ended, waits.ended) == (Ended.CLOSED, Ended.CLOSED)
    assert market.venue.status[market.symbol] is InstrumentStatus.DELISTED
    with pytest.raises(Refused) as refused:
        market.order("a", "buy", quantity, "49500")
    assert refused.value.why is Why.HALTED


def test_settlements_and_delivery_together_are_the_whole_profit() -> None:
    """HTX: settled at 52,000 and 55,000 on the way from 50,000 to 60,000; closed for −m/P of each."""
    market = VenueMarket.listed("huobi_future:BTC261225")
    for account in market.accounts.values():
        market.venue.modes.set_hedge(account, False, 1)
    market.deal("a", "b", "1000", "50000")
    for price in ("52000", "55000"):
        market.venue.settle_periodic(5, {market.symbol: atoms(price)})
    listing = market.listings[0]
    market.venue.deliver(market.symbol, atoms("60000"), 9)
    moved = market["a"].income_sum("BTC", IncomeKind.SETTLEMENT, IncomeKind.DELIVERY)
    assert moved == listing.worth(1_000, atoms("60000")) - listing.worth(1_000, atoms("50000"))
    assert market.held("a").settled == 0


def test_money_comes_and_goes_as_rows() -> None:
    market = VenueMarket.listed("binance_usdm:BTCUSDT", funds={"USDT": "100"})
    venue, account = market.venue, market["a"]
    venue.deposit(account, "USDT", atoms("50"), 2, "tx1")
    venue.withdraw(account, "USDT", atoms("20"), 3, fee=atoms("1"), reference="address")
    venue.transfer(account, "USDT", atoms("-9"), 4, "binance_spot")
    venue.treasury.rebate(account, "USDT", atoms("0.5"), 5)
    assert [(row.kind.value, text(row.amount), text(row.balance), row.reference) for row in account.income] == [
        ("DEPOSIT", "50.00000000", "150.00000000", "tx1"),
        ("WITHDRAWAL", "-21.00000000", "129.00000000", "address"),
        ("TRANSFER", "-9.00000000", "120.00000000", "binance_spot"),
        ("REBATE", "0.50000000", "120.50000000", ""),
    ]
    assert account.income[1].fee == atoms("1")
    told = [one for one in venue.drain() if isinstance(one, BalancesChanged)]
    assert [(one.reason, text(one.moved), one.rows) for one in told] == [
        ("DEPOSIT" if row.amount > 0 else "WITHDRAW", text(row.amount), (row,)) for row in account.income
    ]


# what is tried with 100 USDT and a position that needs 50 of them
TOO_MUCH = [("transfer", "-75.1"), ("withdraw", "75.1"), ("withdraw", "0"), ("deposit", "0"), ("deposit", "-1")]


@pytest.mark.parametrize(("move", "amount"), TOO_MUCH)
def test_what_is_not_free_stays(move: str, amount: str) -> None:
    """0.01 BTC at 50,000 and 20x need 25; unrealised profit can't leave."""
    market = VenueMarket.listed("binance_usdm:BTCUSDT", funds={"USDT": "100.25"})
    market.deal("a", "b", "0.01", "50000")
    market.venue.drain()
    with pytest.raises(Refused) as refused:
        getattr(market.venue, move)(market["a"], "USDT", atoms(amount), 5)
    assert refused.value.why in (Why.BALANCE, Why.AMOUNT)
    assert market.venue.drain() == []
    market.venue.transfer(market["a"], "USDT", atoms("-75"), 6)


def test_dust_becomes_another_coin() -> None:
    """0.0003 BTC at 100 BNB and 1.5 USDT at 0.002 BNB, two hundredths off: 0.0294 and 0.00294 BNB."""
    market = VenueMarket.listed("binance_spot:BTCUSDT", funds={"BTC": "0.0003", "USDT": "1.5"})
    account = market["a"]
    prices = {"BTC": atoms("100"), "USDT": atoms("0.002")}
    rows = market.venue.convert_dust(account, prices, "BNB", 7, fee_rate=atoms("0.02"))
    assert [(row.kind, row.asset, text(row.amount)) for row in rows] == [
        (IncomeKind.CONVERT, "BTC", "-0.00030000"),
        (IncomeKind.CONVERT, "BNB", "0.02940000"),
        (IncomeKind.CONVERT, "USDT", "-1.50000000"),
        (IncomeKind.CONVERT, "BNB", "0.00294000"),
    ]
    assert rows[0].reference == rows[1].reference != rows[2].reference
    assert (market.wallet("a", "BTC"), market.wallet("a", "BNB")) == ("0.00000000", "0.03234000")
    with pytest.raises(Refused) as refused:
        market.venue.convert_dust(account, prices, "BNB", 8)
    assert refused.value.why is Why.AMOUNT


def test_halted_takes_no_orders_but_lets_them_be_cancelled() -> None:
    market = VenueMarket(Product.LINEAR)
    order = market.order("a", "buy", "0.1", "49000")
    stop = market.order("a", "buy", "0.1", trigger_price="50500")
    market.venue.set_status("BTCUSDT", InstrumentStatus.HALTED, 5)
    market.foreign("sell", 100, "49000")
    market.venue.foreign_take("BTCUSDT", -1, 490_000, 100, 6)
    market.venue.trigger("BTCUSDT", atoms("50500"), atoms("50500"), 0, 6)
    assert (order.filled, stop.is_waiting, len(market.venue.books["BTCUSDT"])) == (0, True, 1)
    with pytest.raises(Refused) as refused:
        market.order("a", "buy", "0.1", "49000")
    assert refused.value.why is Why.HALTED
    assert market.order("a", "buy", "0.1", "49000", symbol="ETHUSDT").status is OrderStatus.NEW
    market.venue.cancel(market["a"], order, 7)
    market.venue.set_status("BTCUSDT", InstrumentStatus.TRADING, 8)
    market.foreign("sell", 100, "51000")
    market.venue.trigger("BTCUSDT", 0, atoms("50500"), 0, 9)
    assert stop.status is OrderStatus.FILLED


def test_delisting_ends_orders_and_keeps_positions() -> None:
    market = VenueMarket(Product.LINEAR)
    market.deal("a", "b", "0.1", "50000")
    order = market.order("a", "buy", "0.1", "49000")
    market.venue.set_status("BTCUSDT", InstrumentStatus.DELISTED, 5)
    assert (order.status, order.ended, market.held("a").lots) == (OrderStatus.EXPIRED, Ended.CLOSED, 100)


def test_rules_change_to_coarser_steps_around_what_is_open() -> None:
    """Ticks of 0.1 become 0.5, steps of 0.001 become 0.01: old orders and odd positions stay, new ones must fit."""
    market = VenueMarket(Product.LINEAR)
    market.deal("a", "b", "0.105", "50000.1")
    old = market.order("a", "sell", "0.105", "50100.1")
    listing = market.listings[0]
    rules = msgspec.structs.replace(
        listing.instrument, price_tick=Decimal("0.5"), quantity_step=Decimal("0.01"), min_quantity=Decimal("0.01")
    )
    coarse = msgspec.structs.replace(
        listing, instrument=rules, grid_tick=Decimal("0.1"), grid_lot=Decimal("0.001"), max_price=Decimal(70_000)
    )
    market.venue.set_rules(coarse, 5)
    for quantity, price, why in (("0.015", "50100", Why.QUANTITY_STEP), ("0.01", "50100.1", Why.PRICE_STEP)):
        with pytest.raises(Refused) as refused:
            market.order("b", "buy", quantity, price)
        assert refused.value.why is why
    taken = market.order("b", "buy", "0.2", "50100.5")
    assert (old.status, taken.filled, market.held("a").lots) == (OrderStatus.FILLED, 105, 0)
    assert coarse.quantity_text(taken.filled) == "0.105"


def test_finer_steps_than_the_grid_are_refused() -> None:
    market = VenueMarket(Product.LINEAR)
    rules = msgspec.structs.replace(market.listings[0].instrument, price_tick=Decimal("0.01"))
    with pytest.raises(BadInput, match="grid_tick"):
        market.venue.set_rules(msgspec.structs.replace(market.listings[0], instrument=rules), 5)
    with pytest.raises(BadInput, match="whole ticks"):
        msgspec.structs.replace(market.listings[0], instrument=rules, grid_tick=Decimal("0.1"))
