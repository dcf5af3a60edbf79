"""Which ccxt method asks what on each Binance market, and how far one request reaches."""

from typing import NamedTuple

from jtrader.domain.ids import Market
from jtrader.domain.times import DAY
from jtrader.exchange.binance.listing import SPOT, USDM


class Endpoints(NamedTuple):
    """ccxt's implicit method names. `trades_window` is how much time one query of own trades may span, in ns."""

    stream_type: str
    submit: str
    cancel: str
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


ENDPOINTS: dict[Market, Endpoints] = {
    USDM: Endpoints(
        stream_type="future",
        submit="fapiPrivatePostOrder",
        cancel="fapiPrivateDeleteOrder",
        order="fapiPrivateGetOrder",
        open_orders="fapiPrivateGetOpenOrders",
        all_orders="fapiPrivateGetAllOrders",
        trades="fapiPrivateGetUserTrades",
        account="fapiPrivateV3GetAccount",
        balances_field="assets",
        klines="fapiPublicGetKlines",
        answer="RESULT",
        trades_window=7 * DAY,
    ),
    SPOT: Endpoints(
        stream_type="spot",
        submit="privatePostOrder",
        cancel="privateDeleteOrder",
        order="privateGetOrder",
        open_orders="privateGetOpenOrders",
        all_orders="privateGetAllOrders",
        trades="privateGetMyTrades",
        account="privateGetAccount",
        balances_field="balances",
        klines="publicGetKlines",
        answer="FULL",
        trades_window=DAY,
    ),
}

POSITIONS = "fapiPrivateV3GetPositionRisk"
INCOME = "fapiPrivateGetIncome"
INCOME_WINDOW = 7 * DAY
MARK_KLINES = "fapiPublicGetMarkPriceKlines"
DEPOSITS = "sapiGetCapitalDepositHisrec"
WITHDRAWALS = "sapiGetCapitalWithdrawHistory"
TRANSFERS_WINDOW = 90 * DAY
