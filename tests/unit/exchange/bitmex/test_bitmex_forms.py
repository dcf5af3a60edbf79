"""Our orders as BitMEX reads them, and the first words of a private stream."""

from decimal import Decimal
from typing import Any

import pytest

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, ParentId, StrategyId
from jtrader.domain.order import ChildOrder, OrderType, Side, TimeInForce, TriggerBy
from jtrader.exchange.bitmex.forms import order_form
from jtrader.exchange.bitmex.moments import spelled
from jtrader.exchange.bitmex.session import used


def order(**fields: Any) -> ChildOrder:
    given: dict[str, Any] = {
        "client_order_id": ClientOrderId("a-1"),
        "parent_id": ParentId("p"),
        "strategy": StrategyId("s"),
        "account": AccountId("alpha"),
        "instrument": InstrumentId("bitmex:XBTUSD"),
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "time_in_force": TimeInForce.GTC,
        "quantity": Decimal("100"),
        "price": None,
        "reduce_only": False,
        "ts": 0,
    }
    return ChildOrder(**(given | fields))


LIMIT = {"type": OrderType.LIMIT, "price": Decimal("90000.5")}
BASE = {"symbol": "XBTUSD", "side": "Buy", "orderQty": 100, "clOrdID": "a-1"}
GTC = {"ordType": "Limit", "price": Decimal("90000.5"), "timeInForce": "GoodTillCancel"}


@pytest.mark.parametrize(
    ("fields", "form"),
    [
        ({}, {"ordType": "Market"}),
        ({"side": Side.SELL, "reduce_only": True}, {"ordType": "Market", "side": "Sell", "execInst": "ReduceOnly"}),
        (LIMIT, GTC),
        (LIMIT | {"time_in_force": TimeInForce.IOC}, GTC | {"timeInForce": "ImmediateOrCancel"}),
        (LIMIT | {"time_in_force": TimeInForce.FOK}, GTC | {"timeInForce": "FillOrKill"}),
        (LIMIT | {"time_in_force": TimeInForce.POST_ONLY}, GTC | {"execInst": "ParticipateDoNotInitiate"}),
        (
            LIMIT | {"time_in_force": TimeInForce.POST_ONLY, "reduce_only": True},
            GTC | {"execInst": "ParticipateDoNotInitiate,ReduceOnly"},
        ),
        (
            {"type": OrderType.STOP, "trigger_price": Decimal("91000")},
            {"ordType": "Stop", "stopPx": Decimal("91000"), "execInst": "LastPrice"},
        ),
        (
            {
                "type": OrderType.STOP,
                "trigger_price": Decimal("91000"),
                "trigger_by": TriggerBy.MARK,
                "reduce_only": True,
            },
            {"ordType": "Stop", "stopPx": Decimal("91000"), "execInst": "ReduceOnly,MarkPrice"},
        ),
        (
            LIMIT
            | {
                "type": OrderType.LIMIT_IF_TOUCHED,
                "trigger_price": Decimal("90001"),
                "trigger_by": TriggerBy.INDEX,
            },
            GTC | {"ordType": "LimitIfTouched", "stopPx": Decimal("90001"), "execInst": "IndexPrice"},
        ),
        ({"quantity": Decimal("0.1")}, {"ordType": "Market", "orderQty": Decimal("0.1")}),
        ({"quantity": Decimal("1E+2")}, {"ordType": "Market", "orderQty": 100}),
    ],
)
def test_forms(fields: dict[str, Any], form: dict[str, Any]) -> None:
    assert order_form(order(**fields), "XBTUSD") == BASE | form


def test_a_conditional_order_needs_its_trigger() -> None:
    with pytest.raises(BadInput, match="without a trigger price"):
        order_form(order(type=OrderType.STOP), "XBTUSD")


@pytest.mark.parametrize(
    ("headers", "count"),
    [
        ({"x-ratelimit-limit": "120", "x-ratelimit-remaining": "90"}, 30.0),
        ({"X-RateLimit-Limit": "120", "X-RateLimit-Remaining": "0"}, 120.0),
        ({}, None),
        ({"x-ratelimit-limit": "many", "x-ratelimit-remaining": "0"}, None),
    ],
)
def test_what_the_venue_has_counted(headers: dict[str, str], count: float | None) -> None:
    assert used(headers) == count


def test_times_are_always_told_to_the_millisecond() -> None:
    assert spelled(1_768_491_000_000_000_000) == "2026-01-15T15:30:00.000Z"
    assert spelled(1_768_491_000_250_000_000) == "2026-01-15T15:30:00.250Z"
