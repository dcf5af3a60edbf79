"""Which handler answers which request: by host, method and path; and what the request must prove."""

from enum import Enum

import msgspec

from jtrader.exchange.sim.binance import rest_account as account
from jtrader.exchange.sim.binance import rest_market as market
from jtrader.exchange.sim.binance import rest_orders as orders
from jtrader.exchange.sim.binance import rest_wallet as wallet
from jtrader.exchange.sim.binance.call import Handler
from jtrader.exchange.sim.binance.errors import SPOT, USDM


class Proof(Enum):
    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


class Route(msgspec.Struct, frozen=True):
    """`acts`: it changes an account, so market time is brought up to the wall clock first."""

    handler: Handler
    proof: Proof = Proof.NONE
    weight: int = 1
    acts: bool = False


def _public(handler: Handler, weight: int = 1) -> Route:
    return Route(handler, Proof.NONE, weight)


def _signed(handler: Handler, weight: int = 5) -> Route:
    return Route(handler, Proof.SIGNED, weight)


def _acts(handler: Handler, proof: Proof = Proof.SIGNED) -> Route:
    return Route(handler, proof, 1, acts=True)


_SPOT_ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/api/v3/ping"): _public(market.ping),
    ("GET", "/api/v3/time"): _public(market.time),
    ("GET", "/api/v3/exchangeInfo"): _public(market.exchange_info, 20),
    ("GET", "/api/v3/klines"): _public(market.klines, 2),
    ("GET", "/api/v3/aggTrades"): _public(market.agg_trades, 2),
    ("GET", "/api/v3/trades"): _public(market.recent_trades, 10),
    ("GET", "/api/v3/historicalTrades"): Route(market.historical_trades, Proof.KEY, 10),
    ("GET", "/api/v3/depth"): _public(market.depth, 5),
    ("GET", "/api/v3/ticker/24hr"): _public(market.day_ticker, 2),
    ("GET", "/api/v3/ticker/bookTicker"): _public(market.book_ticker, 2),
    ("GET", "/api/v3/ticker/price"): _public(market.price_ticker, 2),
    ("POST", "/api/v3/order"): _acts(orders.place),
    ("POST", "/api/v3/order/test"): _signed(orders.check, 1),
    ("GET", "/api/v3/order"): _signed(orders.look_up, 4),
    ("DELETE", "/api/v3/order"): _acts(orders.cancel),
    ("GET", "/api/v3/openOrders"): _signed(orders.open_orders, 6),
    ("DELETE", "/api/v3/openOrders"): _acts(orders.cancel_all),
    ("GET", "/api/v3/allOrders"): _signed(orders.all_orders, 20),
    ("GET", "/api/v3/myTrades"): _signed(orders.my_trades, 20),
    ("GET", "/api/v3/account"): _signed(account.spot_account, 20),
    ("GET", "/api/v3/account/commission"): _signed(account.spot_commission, 20),
    ("GET", "/sapi/v1/capital/config/getall"): _signed(wallet.coins, 10),
    ("GET", "/sapi/v1/capital/deposit/hisrec"): _signed(wallet.deposits),
    ("GET", "/sapi/v1/capital/withdraw/history"): _signed(wallet.withdrawals),
    ("GET", "/sapi/v1/margin/allPairs"): Route(wallet.nothing, Proof.KEY),
    ("GET", "/sapi/v1/margin/isolated/allPairs"): Route(wallet.nothing, Proof.KEY),
    ("GET", "/sapi/v1/asset/tradeFee"): _signed(wallet.trade_fees),
}

_USDM_ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/fapi/v1/ping"): _public(market.ping),
    ("GET", "/fapi/v1/time"): _public(market.time),
    ("GET", "/fapi/v1/exchangeInfo"): _public(market.exchange_info),
    ("GET", "/fapi/v1/klines"): _public(market.klines, 5),
    ("GET", "/fapi/v1/markPriceKlines"): _public(market.mark_klines, 5),
    ("GET", "/fapi/v1/aggTrades"): _public(market.agg_trades, 20),
    ("GET", "/fapi/v1/trades"): _public(market.recent_trades, 5),
    ("GET", "/fapi/v1/historicalTrades"): Route(market.historical_trades, Proof.KEY, 20),
    ("GET", "/fapi/v1/depth"): _public(market.depth, 5),
    ("GET", "/fapi/v1/ticker/24hr"): _public(market.day_ticker),
    ("GET", "/fapi/v1/ticker/bookTicker"): _public(market.book_ticker, 2),
    ("GET", "/fapi/v1/ticker/price"): _public(market.price_ticker),
    ("GET", "/fapi/v2/ticker/price"): _public(market.price_ticker),
    ("GET", "/fapi/v1/premiumIndex"): _public(market.premium_index),
    ("GET", "/fapi/v1/fundingRate"): _public(market.funding_rates),
    ("GET", "/fapi/v1/fundingInfo"): _public(market.funding_info),
    ("POST", "/fapi/v1/order"): _acts(orders.place),
    ("POST", "/fapi/v1/order/test"): _signed(orders.check, 1),
    ("GET", "/fapi/v1/order"): _signed(orders.look_up, 1),
    ("DELETE", "/fapi/v1/order"): _acts(orders.cancel),
    ("GET", "/fapi/v1/openOrders"): _signed(orders.open_orders, 1),
    ("DELETE", "/fapi/v1/allOpenOrders"): _acts(orders.cancel_all),
    ("GET", "/fapi/v1/allOrders"): _signed(orders.all_orders),
    ("GET", "/fapi/v1/userTrades"): _signed(orders.my_trades),
    ("GET", "/fapi/v2/account"): _signed(account.usdm_account),
    ("GET", "/fapi/v3/account"): _signed(account.usdm_account),
    ("GET", "/fapi/v2/balance"): _signed(account.usdm_balance),
    ("GET", "/fapi/v3/balance"): _signed(account.usdm_balance),
    ("GET", "/fapi/v2/positionRisk"): _signed(account.position_risk),
    ("GET", "/fapi/v3/positionRisk"): _signed(account.position_risk),
    ("GET", "/fapi/v1/income"): _signed(account.income, 30),
    ("GET", "/fapi/v1/leverageBracket"): _signed(account.leverage_brackets, 1),
    ("POST", "/fapi/v1/leverage"): _acts(account.set_leverage),
    ("GET", "/fapi/v1/symbolConfig"): _signed(account.symbol_config),
    ("POST", "/fapi/v1/marginType"): _acts(account.set_margin_type),
    ("GET", "/fapi/v1/positionSide/dual"): _signed(account.position_mode, 30),
    ("POST", "/fapi/v1/positionSide/dual"): _acts(account.set_position_mode),
    ("GET", "/fapi/v1/multiAssetsMargin"): _signed(account.multi_assets_mode, 30),
    ("POST", "/fapi/v1/listenKey"): Route(account.listen_key, Proof.KEY),
    ("PUT", "/fapi/v1/listenKey"): Route(account.listen_key, Proof.KEY),
    ("DELETE", "/fapi/v1/listenKey"): Route(account.close_listen_key, Proof.KEY),
    ("GET", "/fapi/v1/commissionRate"): _signed(account.commission_rate, 20),
}

_COINM_ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/dapi/v1/exchangeInfo"): _public(market.no_markets),
}

REST: dict[str, tuple[str, dict[tuple[str, str], Route]]] = {
    "api.binance.com": (SPOT, _SPOT_ROUTES),
    "fapi.binance.com": (USDM, _USDM_ROUTES),
    "dapi.binance.com": (USDM, _COINM_ROUTES),
}
"""By host: the market and its routes."""

WS_API: dict[str, tuple[str, dict[str, Route]]] = {
    "ws-api.binance.com": (
        SPOT,
        {
            "ping": _public(market.ping),
            "time": _public(market.time),
            "exchangeInfo": _public(market.exchange_info),
            "depth": _public(market.depth),
            "klines": _public(market.klines),
            "ticker.price": _public(market.price_ticker),
            "ticker.book": _public(market.book_ticker),
            "order.place": _acts(orders.place),
            "order.test": _signed(orders.check),
            "order.status": _signed(orders.look_up),
            "order.cancel": _acts(orders.cancel),
            "openOrders.status": _signed(orders.open_orders),
            "openOrders.cancelAll": _acts(orders.cancel_all),
            "allOrders": _signed(orders.all_orders),
            "myTrades": _signed(orders.my_trades),
            "account.status": _signed(account.spot_account),
        },
    ),
    "ws-fapi.binance.com": (
        USDM,
        {
            "ping": _public(market.ping),
            "time": _public(market.time),
            "depth": _public(market.depth),
            "ticker.price": _public(market.price_ticker),
            "ticker.book": _public(market.book_ticker),
            "order.place": _acts(orders.place),
            "order.status": _signed(orders.look_up),
            "order.cancel": _acts(orders.cancel),
            "account.status": _signed(account.usdm_account),
            "v2/account.status": _signed(account.usdm_account),
            "account.balance": _signed(account.usdm_balance),
            "v2/account.balance": _signed(account.usdm_balance),
            "account.position": _signed(account.position_risk),
            "v2/account.position": _signed(account.position_risk),
        },
    ),
}
