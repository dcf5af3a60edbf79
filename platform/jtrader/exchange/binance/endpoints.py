"""Which request asks what on each Binance market, and how far one reaches.

A name is ccxt's implicit method; `api VERB path` a request that ccxt has no method for. Empty: the market has it not.
"""

from collections.abc import Mapping
from typing import NamedTuple

from jtrader.domain.ids import Market
from jtrader.domain.times import DAY
from jtrader.exchange.binance.listing import COINM, SPOT, USDM


class AlgoEndpoints(NamedTuple):
    """Conditional orders of futures, which the venue keeps apart from the others until they trigger."""

    submit: str
    cancel: str
    cancel_all: str
    order: str
    open_orders: str
    all_orders: str


class ModeEndpoints(NamedTuple):
    """How the account is kept."""

    position_mode: str = ""
    multi_assets: str = ""
    symbols: str = ""
    """Rows with `symbol`, `marginType`, `leverage`."""
    fee_burn: str = ""
    fee_burn_field: str = ""


class Endpoints(NamedTuple):
    """`trades_window`: how much time one query of own trades may span, ns."""

    stream_type: str
    """ccxt's."""
    time: str
    submit: str
    amend: str
    cancel: str
    cancel_all: str
    order: str
    open_orders: str
    all_orders: str
    trades: str
    account: str
    balances_field: str
    klines: str
    answer: str
    """newOrderRespType: the fullest answer that tells the order's final state."""
    trades_window: int
    mode: ModeEndpoints
    algo: AlgoEndpoints | None = None
    positions: str = ""
    income: str = ""
    mark_klines: str = ""
    listen_key: str = ""


ENDPOINTS: dict[Market, Endpoints] = {
    USDM: Endpoints(
        stream_type="future",
        time="fapiPublicGetTime",
        submit="fapiPrivatePostOrder",
        amend="fapiPrivatePutOrder",
        cancel="fapiPrivateDeleteOrder",
        cancel_all="fapiPrivateDeleteAllOpenOrders",
        order="fapiPrivateGetOrder",
        open_orders="fapiPrivateGetOpenOrders",
        all_orders="fapiPrivateGetAllOrders",
        trades="fapiPrivateGetUserTrades",
        account="fapiPrivateV3GetAccount",
        balances_field="assets",
        klines="fapiPublicGetKlines",
        answer="RESULT",
        trades_window=7 * DAY,
        mode=ModeEndpoints(
            position_mode="fapiPrivateGetPositionSideDual",
            multi_assets="fapiPrivateGetMultiAssetsMargin",
            symbols="fapiPrivateGetSymbolConfig",
            fee_burn="fapiPrivateGetFeeBurn",
            fee_burn_field="feeBurn",
        ),
        algo=AlgoEndpoints(
            submit="fapiPrivatePostAlgoOrder",
            cancel="fapiPrivateDeleteAlgoOrder",
            cancel_all="fapiPrivateDeleteAlgoOpenOrders",
            order="fapiPrivateGetAlgoOrder",
            open_orders="fapiPrivateGetOpenAlgoOrders",
            all_orders="fapiPrivateGetAllAlgoOrders",
        ),
        positions="fapiPrivateV3GetPositionRisk",
        income="fapiPrivateGetIncome",
        mark_klines="fapiPublicGetMarkPriceKlines",
        listen_key="fapiPrivatePutListenKey",
    ),
    COINM: Endpoints(
        stream_type="delivery",
        time="dapiPublicGetTime",
        submit="dapiPrivatePostOrder",
        amend="dapiPrivatePutOrder",
        cancel="dapiPrivateDeleteOrder",
        cancel_all="dapiPrivateDeleteAllOpenOrders",
        order="dapiPrivateGetOrder",
        open_orders="dapiPrivateGetOpenOrders",
        all_orders="dapiPrivateGetAllOrders",
        trades="dapiPrivateGetUserTrades",
        account="dapiPrivateGetAccount",
        balances_field="assets",
        klines="dapiPublicGetKlines",
        answer="RESULT",
        trades_window=7 * DAY,
        mode=ModeEndpoints(position_mode="dapiPrivateGetPositionSideDual", symbols="dapiPrivateGetPositionRisk"),
        algo=AlgoEndpoints(
            submit="dapiPrivatePostAlgoOrder",
            cancel="dapiPrivateDeleteAlgoOrder",
            cancel_all="dapiPrivate DELETE algoOpenOrders",
            order="dapiPrivate GET algoOrder",
            open_orders="dapiPrivateGetOpenAlgoOrders",
            all_orders="dapiPrivate GET allAlgoOrders",
        ),
        positions="dapiPrivateGetPositionRisk",
        income="dapiPrivateGetIncome",
        mark_klines="dapiPublicGetMarkPriceKlines",
        listen_key="dapiPrivatePutListenKey",
    ),
    SPOT: Endpoints(
        stream_type="spot",
        time="publicGetTime",
        submit="privatePostOrder",
        amend="private PUT order/amend/keepPriority",
        cancel="privateDeleteOrder",
        cancel_all="privateDeleteOpenOrders",
        order="privateGetOrder",
        open_orders="privateGetOpenOrders",
        all_orders="privateGetAllOrders",
        trades="privateGetMyTrades",
        account="privateGetAccount",
        balances_field="balances",
        klines="publicGetKlines",
        answer="FULL",
        trades_window=DAY,
        mode=ModeEndpoints(fee_burn="sapiGetBnbBurn", fee_burn_field="spotBNBBurn"),
    ),
}

INCOME_WINDOW = 7 * DAY


class Weights(NamedTuple):
    """A minute's weights of one IP address, and what of them is kept for cancels and exits.
    https://developers.binance.com/docs (limits; exchangeInfo's rateLimits tell the same)"""

    per_minute: int
    reserve: int


WEIGHTS: dict[Market, Weights] = {USDM: Weights(2_400, 400), COINM: Weights(2_400, 400), SPOT: Weights(6_000, 1_000)}

_UNITS = {"public": 5.0, "private": 5.0, "v1": 5.0}
_ORDER_PATHS = ("order", "algoOrder", "order/cancelReplace", "openOrders", "allOpenOrders", "algoOpenOrders")


def weigh(api: str, method: str, path: str, cost: float) -> float:
    """The venue's weight of a request from ccxt's cost: spot's are fifths; of orders ccxt counts another limit; the
    wallet's requests (sapi) have limits of their own and count nothing here."""
    if api.startswith("sapi"):
        return 0.0
    if method != "GET" and path in _ORDER_PATHS:
        return 1.0
    return cost * _UNITS.get(api, 1.0)


def used_weight(headers: Mapping[str, str]) -> float | None:
    """The venue's own count, from an answer's headers."""
    for name, value in headers.items():
        if name.lower() == "x-mbx-used-weight-1m":
            return float(value)
    return None
