"""Rows of states that are hard to reach from outside: each life of a conditional order, liquidations, the ledger."""

from decimal import Decimal
from typing import Any

import pytest

from jtrader.domain.order import OrderStatus, TriggerBy
from jtrader.exchange.sim.binance.events import private_events
from jtrader.exchange.sim.binance.rows_algo import algo_status, algo_update
from jtrader.exchange.sim.binance.rows_income import income_row
from jtrader.exchange.sim.binance.stream_messages import liquidation_message
from jtrader.exchange.sim.market.listing import LISTED
from jtrader.matching.entry import Style
from jtrader.venue.bounds import listing_of
from jtrader.venue.listing import Listing
from jtrader.venue.records import Execution, Income, IncomeKind, Order, OrderReported, TradePrinted
from jtrader.venue.venue import Venue
from jtrader.venue.words import Ended, Origin, Trigger

USDM = next(rules for rules in LISTED.values() if rules.id == "binance_usdm:BTCUSDT")
COINM = next(rules for rules in LISTED.values() if rules.id == "binance_coinm:BTCUSD_PERP")
TS = 1_768_491_000_000_000_000


def order(**told: Any) -> Order:
    usual: dict[str, Any] = {
        "id": 11,
        "client_id": "mine",
        "account": "a",
        "symbol": "BTCUSDT",
        "side": -1,
        "style": Style.MARKET,
        "lots": 5,
        "price": None,
        "reduce_only": True,
        "created": TS,
        "updated": TS,
        "algo_id": 77,
        "trigger": Trigger(ticks=900_000, by=TriggerBy.MARK),
    }
    return Order(**(usual | told))


LIVES: list[tuple[dict[str, Any], str]] = [
    ({}, "NEW"),
    ({"status": OrderStatus.CANCELED}, "CANCELED"),
    ({"status": OrderStatus.EXPIRED}, "EXPIRED"),
    ({"triggered": TS}, "TRIGGERED"),
    ({"triggered": TS, "status": OrderStatus.PARTIALLY_FILLED, "filled": 1}, "TRIGGERED"),
    ({"triggered": TS, "status": OrderStatus.FILLED, "filled": 5}, "FINISHED"),
    ({"triggered": TS, "status": OrderStatus.CANCELED}, "FINISHED"),
    ({"triggered": TS, "status": OrderStatus.REJECTED}, "REJECTED"),
]


@pytest.mark.parametrize(("told", "status"), LIVES)
def test_each_life_of_a_conditional_order_has_a_word(told: dict[str, Any], status: str) -> None:
    assert algo_status(order(**told)) == status
    event = algo_update(order(**told), listing_of(USDM), TS)["o"]
    works = "triggered" in told and status != "REJECTED"
    assert (event["X"], event["ai"], "aq" in event) == (status, "11" if works else "", works)
    assert (event["wt"], event["tp"], event["o"]) == ("MARK_PRICE", "90000.0", "STOP_MARKET")


REASONS = [
    (Ended.FUNDS, "Margin is insufficient."),
    (Ended.REDUCE_ONLY, "ReduceOnly Order is rejected."),
    (Ended.POST_ONLY, "Post Only order will be rejected."),
    (Ended.REFUSED, "Order is rejected."),
]


@pytest.mark.parametrize(("ended", "reason"), REASONS)
def test_a_rejection_tells_why(ended: Ended, reason: str) -> None:
    rejected = order(triggered=TS, status=OrderStatus.REJECTED, ended=ended)
    assert algo_update(rejected, listing_of(USDM), TS)["o"]["rm"] == reason


TOLD: list[tuple[dict[str, Any], Execution, list[str]]] = [
    ({}, Execution.NEW, ["ALGO_UPDATE"]),
    ({"status": OrderStatus.CANCELED}, Execution.CANCELED, ["ALGO_UPDATE"]),
    ({"triggered": TS}, Execution.TRIGGERED, ["ALGO_UPDATE"]),
    ({"triggered": TS, "status": OrderStatus.REJECTED}, Execution.REJECTED, ["ALGO_UPDATE"]),
    ({"triggered": TS}, Execution.NEW, ["ORDER_TRADE_UPDATE"]),
    ({"triggered": TS, "status": OrderStatus.PARTIALLY_FILLED, "filled": 1}, Execution.TRADE, ["ORDER_TRADE_UPDATE"]),
    (
        {"triggered": TS, "status": OrderStatus.FILLED, "filled": 5},
        Execution.TRADE,
        ["ORDER_TRADE_UPDATE", "ALGO_UPDATE"],
    ),
    ({"trigger": None, "algo_id": 0, "status": OrderStatus.FILLED}, Execution.TRADE, ["ORDER_TRADE_UPDATE"]),
]


@pytest.mark.parametrize(("told", "execution", "events"), TOLD)
def test_which_events_tell_of_it(told: dict[str, Any], execution: Execution, events: list[str]) -> None:
    venue = Venue("binance_usdm", USDM.product, [listing_of(USDM)], lambda _: 0)
    report = OrderReported(ts=TS, order=order(**told), execution=execution)
    heard = list(private_events(report, venue))
    assert [event["e"] for _, event in heard] == events
    assert {account for account, _ in heard} == {"a"}


@pytest.mark.parametrize(("rules", "named"), [(USDM, {}), (COINM, {"ps": "BTCUSD"})])
def test_a_liquidation_is_told_to_the_market(rules: Any, named: dict[str, str]) -> None:
    listing: Listing = listing_of(rules)
    one = TradePrinted(ts=TS, symbol=listing.symbol, id=5, ticks=900_001, lots=7, side=-1, liquidation=True)
    message = liquidation_message(one, listing)
    told = message["o"]
    assert (message["e"], told["S"], told["p"], told["X"]) == ("forceOrder", "SELL", "90000.1", "FILLED")
    assert Decimal(told["q"]) == 7 * rules.quantity_step
    assert {name: told[name] for name in named} == named


def test_an_order_of_the_venue_is_calculated() -> None:
    venue = Venue("binance_usdm", USDM.product, [listing_of(USDM)], lambda _: 0)
    taken = order(trigger=None, algo_id=0, origin=Origin.LIQUIDATION, client_id="autoclose-11")
    ((_, event),) = private_events(OrderReported(ts=TS, order=taken, execution=Execution.TRADE), venue)
    assert (event["o"]["x"], event["o"]["c"]) == ("CALCULATED", "autoclose-11")


LEDGER: list[tuple[IncomeKind, int, str]] = [
    (IncomeKind.REALIZED_PNL, 5, "REALIZED_PNL"),
    (IncomeKind.COMMISSION, -5, "COMMISSION"),
    (IncomeKind.FUNDING_FEE, 5, "FUNDING_FEE"),
    (IncomeKind.TRANSFER, 5, "TRANSFER"),
    (IncomeKind.DEPOSIT, 5, "TRANSFER"),
    (IncomeKind.WITHDRAWAL, -5, "TRANSFER"),
    (IncomeKind.DELIVERY, 5, "DELIVERED_SETTELMENT"),
    (IncomeKind.LIQUIDATION_FEE, -5, "INSURANCE_CLEAR"),
    (IncomeKind.INSURANCE, 5, "INSURANCE_CLEAR"),
    (IncomeKind.REBATE, 5, "COMMISSION_REBATE"),
    (IncomeKind.CONVERT, 5, "COIN_SWAP_DEPOSIT"),
    (IncomeKind.CONVERT, -5, "COIN_SWAP_WITHDRAW"),
]


@pytest.mark.parametrize(("kind", "amount", "word"), LEDGER)
def test_every_kind_of_ledger_row_has_binances_word(kind: IncomeKind, amount: int, word: str) -> None:
    row = income_row(Income(id=9, kind=kind, symbol="", asset="USDT", amount=amount, ts=TS))
    assert (row["incomeType"], row["tranId"], Decimal(row["income"])) == (word, 9, Decimal(amount) / 10**8)
