"""HTX's words and numbers for what the venue keeps: sides, types, states, ids, ledger types, refusals."""

from decimal import Decimal
from typing import Any

import pytest

from jtrader.domain.order import OrderStatus, TriggerBy
from jtrader.domain.times import DAY, HOUR, MINUTE, parse_time
from jtrader.exchange.sim.huobi import candles
from jtrader.exchange.sim.huobi.client_ids import Kind, kept, kind_of, partner, shown
from jtrader.exchange.sim.huobi.coins import coins, turnover
from jtrader.exchange.sim.huobi.errors import Family, HuobiError, error_body, in_words
from jtrader.exchange.sim.huobi.financial import record_type
from jtrader.exchange.sim.huobi.listed import contract_type
from jtrader.exchange.sim.huobi.numbers import literal, plain_decimal, short
from jtrader.exchange.sim.huobi.public_notices import public_topic
from jtrader.exchange.sim.huobi.words import (
    cancel_source,
    contract_status,
    price_type,
    spot_state,
    spot_type,
    strategy_status,
    v5_state,
)
from jtrader.exchange.sim.market.listing import LISTED
from jtrader.matching.entry import Style
from jtrader.venue.account import Account
from jtrader.venue.bounds import listing_of
from jtrader.venue.records import Income, IncomeKind, Order, Trade
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.words import Ended, Leg, Origin, Trigger

NOT_OF_SPOT = {
    Why.MARGIN, Why.REDUCE_ONLY, Why.NO_REFERENCE, Why.LEVERAGE, Why.LEG, Why.MODE_UNCHANGED, Why.MODE_IN_USE,
}  # fmt: skip
NOT_OF_HTX = {Why.NOT_AMENDED, Why.WOULD_TAKE}
"""HTX amends nothing, and cancels what may only rest and would take."""


def order(**fields: Any) -> Order:
    usual = {
        "id": 7, "client_id": "c", "account": "a", "symbol": "BTC-USD", "side": 1, "style": Style.LIMIT, "lots": 10,
        "price": 1000, "reduce_only": False, "created": 1, "updated": 2,
    }  # fmt: skip
    return Order(**(usual | fields))


@pytest.mark.parametrize(
    ("fields", "spot", "v5", "contract"),
    [
        ({}, "submitted", "new", 3),
        ({"status": OrderStatus.PARTIALLY_FILLED, "filled": 4}, "partial-filled", "partially_filled", 4),
        ({"status": OrderStatus.FILLED, "filled": 10}, "filled", "filled", 6),
        ({"status": OrderStatus.CANCELED}, "canceled", "canceled", 7),
        ({"status": OrderStatus.CANCELED, "filled": 4}, "partial-canceled", "partially_canceled", 5),
        ({"status": OrderStatus.EXPIRED, "filled": 4}, "partial-canceled", "partially_canceled", 5),
    ],
)
def test_states(fields: dict[str, Any], spot: str, v5: str, contract: int) -> None:
    made = order(**fields)
    assert (spot_state(made), v5_state(made), contract_status(made)) == (spot, v5, contract)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 2),
        ({"triggered": 5, "status": OrderStatus.FILLED}, 4),
        ({"triggered": 5, "status": OrderStatus.REJECTED}, 5),
        ({"status": OrderStatus.CANCELED}, 6),
    ],
)
def test_states_of_orders_that_wait_or_waited(fields: dict[str, Any], status: int) -> None:
    made = order(trigger=Trigger(ticks=900, by=TriggerBy.LAST), algo_id=3, **fields)
    assert strategy_status(made) == status


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("buy-limit", (1, Style.LIMIT, False)),
        ("sell-market", (-1, Style.MARKET, False)),
        ("buy-ioc", (1, Style.IOC, False)),
        ("sell-limit-maker", (-1, Style.POST_ONLY, False)),
        ("buy-limit-fok", (1, Style.FOK, False)),
        ("sell-stop-limit", (-1, Style.LIMIT, True)),
        ("buy-stop-limit-fok", (1, Style.FOK, True)),
    ],
)
def test_spot_types(word: str, found: tuple[int, Style, bool]) -> None:
    assert spot_type(word) == found


@pytest.mark.parametrize("word", ["hold-limit", "buy-stop", "buy", "buylimit"])
def test_other_spot_types_are_refused(word: str) -> None:
    with pytest.raises(HuobiError) as refused:
        spot_type(word)
    assert refused.value.code == "invalid-order-type"


@pytest.mark.parametrize(
    ("word", "style"),
    [
        ("limit", Style.LIMIT),
        ("opponent", Style.MARKET),
        ("post_only", Style.POST_ONLY),
        ("optimal_20_ioc", Style.MARKET),
    ],
)
def test_types_of_price(word: str, style: Style) -> None:
    assert price_type(word) is style


@pytest.mark.parametrize(
    ("ended", "style", "word"),
    [
        (Ended.NOT, Style.LIMIT, ""),
        (Ended.ASKED, Style.LIMIT, "api"),
        (Ended.POST_ONLY, Style.POST_ONLY, "limit_maker"),
        (Ended.TIME_IN_FORCE, Style.IOC, "ioc"),
        (Ended.TIME_IN_FORCE, Style.MARKET, "market"),
        (Ended.SELF_TRADE, Style.LIMIT, "self_match_prevent"),
    ],
)
def test_why_a_spot_order_was_cancelled(ended: Ended, style: Style, word: str) -> None:
    assert cancel_source(order(ended=ended, style=style)) == word


def test_a_pairs_halves_find_each_other_by_their_clients_id() -> None:
    account = Account("a", 1, {})
    halves = {
        kind: order(id=number, client_id=kept(kind, "mine"), algo_id=number)
        for number, kind in enumerate((Kind.TAKE_PROFIT, Kind.STOP_LOSS), 1)
    }
    for half in halves.values():
        account.record(half)
    assert partner(account, halves[Kind.TAKE_PROFIT]) is halves[Kind.STOP_LOSS]
    assert partner(account, halves[Kind.STOP_LOSS]) is halves[Kind.TAKE_PROFIT]
    assert {kind_of(half) for half in halves.values()} == set(halves)
    assert {shown(half) for half in halves.values()} == {"mine"}
    assert partner(account, order(client_id="mine")) is None
    assert shown(order(client_id=kept(Kind.PLAIN, None))) is None


LEDGER: list[tuple[dict[str, Any], int]] = [
    ({"kind": IncomeKind.REALIZED_PNL, "lots": 5, "order_id": 1}, 3),
    ({"kind": IncomeKind.REALIZED_PNL, "lots": -5, "order_id": 1}, 4),
    ({"kind": IncomeKind.REALIZED_PNL, "lots": 5, "order_id": 2}, 12),
    ({"kind": IncomeKind.REALIZED_PNL, "lots": -5, "order_id": 2}, 13),
    ({"kind": IncomeKind.COMMISSION, "order_id": 1, "trade_id": 11}, 5),
    ({"kind": IncomeKind.COMMISSION, "order_id": 1, "trade_id": 12}, 6),
    ({"kind": IncomeKind.COMMISSION, "order_id": 1, "trade_id": 13}, 7),
    ({"kind": IncomeKind.COMMISSION, "order_id": 1, "trade_id": 14}, 8),
    ({"kind": IncomeKind.COMMISSION}, 11),
    ({"kind": IncomeKind.DELIVERY, "lots": 5}, 9),
    ({"kind": IncomeKind.DELIVERY, "lots": -5}, 10),
    ({"kind": IncomeKind.TRANSFER, "amount": 1}, 14),
    ({"kind": IncomeKind.TRANSFER, "amount": -1}, 15),
    ({"kind": IncomeKind.SETTLEMENT, "lots": 5}, 16),
    ({"kind": IncomeKind.SETTLEMENT, "lots": -5}, 17),
    ({"kind": IncomeKind.LIQUIDATION_FEE}, 26),
    ({"kind": IncomeKind.REBATE}, 29),
    ({"kind": IncomeKind.FUNDING_FEE, "amount": 1}, 30),
    ({"kind": IncomeKind.FUNDING_FEE, "amount": -1}, 31),
]


@pytest.mark.parametrize(("fields", "number"), LEDGER)
def test_ledger_rows_have_the_numbers_of_the_document(fields: dict[str, Any], number: int) -> None:
    account = Account("a", 1, {})
    account.record(order(id=1))
    account.record(order(id=2, client_id="forced", origin=Origin.LIQUIDATION))
    for trade_id, (closed, maker) in enumerate(((0, False), (0, True), (5, False), (5, True)), 11):
        account.record_trade(
            Trade(
                id=trade_id,
                order_id=1,
                account="a",
                symbol="BTC-USD",
                side=1,
                price=1,
                lots=5,
                quote=1,
                fee=1,
                fee_asset="BTC",
                maker=maker,
                realised=0,
                ts=1,
                closed=closed,
                leg=Leg.LONG,
            )
        )
    row = Income(**({"id": 1, "symbol": "BTC-USD", "asset": "BTC", "amount": -1, "ts": 1} | fields))
    assert record_type(row, account) == number


@pytest.mark.parametrize(("market", "unsaid"), [("huobi_spot", NOT_OF_SPOT | NOT_OF_HTX), ("huobi_swap", NOT_OF_HTX)])
def test_every_refusal_has_words(market: str, unsaid: set[Why]) -> None:
    for why in set(Why) - unsaid:
        told = in_words(market, Refused(why, "the reason", "12.5"))
        assert "{" not in str(told)


@pytest.mark.parametrize(
    ("family", "body"),
    [
        (Family.SPOT, {"status": "error", "err-code": 7, "err-msg": "no", "data": None}),
        (Family.SPOT_V2, {"code": 7, "message": "no", "success": False}),
        (Family.CONTRACT, {"status": "error", "err_code": 7, "err_msg": "no", "ts": 99}),
        (Family.V5, {"code": 7, "message": "no", "data": None, "ts": 99}),
    ],
)
def test_error_bodies(family: Family, body: dict[str, Any]) -> None:
    assert error_body(family, HuobiError(7, "no"), 99) == body


@pytest.mark.parametrize(
    ("value", "literally", "shortly"),
    [
        ("9100.10", b"9100.1", "9100.1"),
        ("3.00", b"3.0", "3"),
        ("250", b"250.0", "250"),
        ("0.00000001", b"0.00000001", "0.00000001"),
    ],
)
def test_numbers_keep_all_their_digits(value: str, literally: bytes, shortly: str) -> None:
    assert bytes(literal(value)) == literally
    assert short(value) == plain_decimal(Decimal(value)) == shortly


@pytest.mark.parametrize(
    ("moment", "period", "opened"),
    [
        ("2026-01-15T15:59:59Z", DAY, "2026-01-14T16:00:00Z"),
        ("2026-01-15T16:00:00Z", DAY, "2026-01-15T16:00:00Z"),
        ("2026-01-18T15:59:59Z", 7 * DAY, "2026-01-11T16:00:00Z"),
        ("2026-01-18T16:00:00Z", 7 * DAY, "2026-01-18T16:00:00Z"),
        ("2026-01-15T15:59:59Z", 4 * HOUR, "2026-01-15T12:00:00Z"),
        ("2026-01-15T15:59:59Z", MINUTE, "2026-01-15T15:59:00Z"),
    ],
)
def test_days_and_weeks_begin_at_midnight_in_singapore(moment: str, period: int, opened: str) -> None:
    assert candles.opened(parse_time(moment), period) == parse_time(opened)


@pytest.mark.parametrize(
    ("moment", "kind"),
    [
        ("2026-01-15T00:00:00Z", "next_quarter"),
        ("2026-10-01T00:00:00Z", "quarter"),
        ("2026-12-12T00:00:00Z", "next_week"),
        ("2026-12-18T08:00:00Z", "this_week"),
    ],
)
def test_a_dated_contract_comes_nearer(moment: str, kind: str) -> None:
    assert contract_type(LISTED["huobi_future:BTC261225"], parse_time(moment)) == kind


def test_contracts_are_worth_coins_and_quote() -> None:
    linear = listing_of(LISTED["huobi_linear:BTC-USDT"])
    inverse = listing_of(LISTED["huobi_swap:BTC-USD"])
    price = Decimal(50_000)
    assert (coins(linear, 2_000, price), turnover(linear, 2_000, price)) == (2, 100_000)
    assert (coins(inverse, 1_000, price), turnover(inverse, 1_000, price)) == (2, 100_000)


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        ("public.BTC-USD.funding_rate", ("funding_rate", "btc-usd")),
        ("public.*.liquidation_orders", ("liquidation_orders", "*")),
        ("public.BTC-USD.secrets", None),
        ("orders.btc-usd", None),
        ("public.funding_rate", None),
    ],
)
def test_topics_for_everybody(topic: str, found: tuple[str, str] | None) -> None:
    assert public_topic(topic) == found
