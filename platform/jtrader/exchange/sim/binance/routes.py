"""Which handler answers which request: by host, method and path; on the WebSocket API by host and method name."""

from jtrader.exchange.sim.binance import rest_account as account
from jtrader.exchange.sim.binance import rest_algo as algo
from jtrader.exchange.sim.binance import rest_changes as changes
from jtrader.exchange.sim.binance import rest_market as market
from jtrader.exchange.sim.binance import rest_modes as modes
from jtrader.exchange.sim.binance import rest_orders as orders
from jtrader.exchange.sim.binance import rest_prices as prices
from jtrader.exchange.sim.binance import rest_streams as streams
from jtrader.exchange.sim.binance.call import Handler
from jtrader.exchange.sim.binance.errors import COINM, SPOT, USDM
from jtrader.exchange.sim.binance.route import Proof, Route, Routes, acts, public, signed
from jtrader.exchange.sim.binance.routes_futures import futures_routes
from jtrader.exchange.sim.binance.routes_spot import SPOT_ROUTES, WALLET_ROUTES

HOSTS: dict[str, str] = {"api.binance.com": SPOT, "fapi.binance.com": USDM, "dapi.binance.com": COINM}
"""REST, by host."""


def rest_routes(start_countdown: Handler) -> dict[str, Routes]:
    """By host."""
    return {
        "api.binance.com": SPOT_ROUTES | WALLET_ROUTES,
        "fapi.binance.com": futures_routes("/fapi", start_countdown),
        "dapi.binance.com": futures_routes("/dapi", start_countdown),
    }


Methods = dict[str, Route]

_COMMON: Methods = {
    "ping": public(market.ping),
    "time": public(market.time),
    "depth": public(market.depth, 5),
    "ticker.price": public(prices.price_ticker, 2),
    "ticker.book": public(prices.book_ticker, 2),
    "order.place": acts(orders.place, orders=1),
    "order.status": signed(orders.look_up, 4),
    "order.cancel": acts(orders.cancel),
}

_SPOT_METHODS: Methods = _COMMON | {
    "exchangeInfo": public(market.exchange_info, 20),
    "klines": public(market.klines, 2),
    "trades.aggregate": public(market.agg_trades, 4),
    "trades.recent": public(market.recent_trades, 25),
    "ticker.24hr": public(prices.day_ticker, 2),
    "avgPrice": public(prices.average_price, 2),
    "order.test": signed(orders.check, 1),
    "order.cancelReplace": acts(changes.cancel_replace, orders=1),
    "order.amend.keepPriority": acts(changes.keep_priority, 4),
    "openOrders.status": signed(orders.open_orders, 6),
    "openOrders.cancelAll": acts(orders.cancel_all),
    "allOrders": signed(orders.all_orders, 20),
    "myTrades": signed(orders.my_trades, 20),
    "account.status": signed(account.spot_account, 20),
    "account.commission": signed(modes.spot_commission, 20),
}

_FUTURES_METHODS: Methods = _COMMON | {
    "order.modify": acts(changes.modify, orders=1),
    "algoOrder.place": acts(algo.place, orders=1),
    "algoOrder.cancel": acts(algo.cancel),
    "account.balance": signed(account.balances),
    "userDataStream.start": Route(streams.open_listen_key, Proof.KEY),
    "userDataStream.ping": Route(streams.keep_listen_key, Proof.KEY),
    "userDataStream.stop": Route(streams.close_listen_key, Proof.KEY),
}

WS_API: dict[str, tuple[str, Methods]] = {
    "ws-api.binance.com": (SPOT, _SPOT_METHODS),
    "ws-fapi.binance.com": (
        USDM,
        _FUTURES_METHODS
        | {
            "account.status": signed(account.account_v2),
            "v2/account.status": signed(account.account_v3),
            "v2/account.balance": signed(account.balances),
            "account.position": signed(account.position_risk_v2),
            "v2/account.position": signed(account.position_risk_v3),
        },
    ),
    "ws-dapi.binance.com": (
        COINM,
        _FUTURES_METHODS
        | {"account.status": signed(account.account_v2), "account.position": signed(account.position_risk_v2)},
    ),
}
