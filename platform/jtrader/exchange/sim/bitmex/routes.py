"""Which handler answers which request, and what the request must prove."""

import msgspec

from jtrader.exchange.sim.bitmex import rest_account as account
from jtrader.exchange.sim.bitmex import rest_market as market
from jtrader.exchange.sim.bitmex import rest_orders as orders
from jtrader.exchange.sim.bitmex.call import Handler


class Route(msgspec.Struct, frozen=True):
    """`acts`: it changes an account, and has a limit a second of its own."""

    handler: Handler
    needs_key: bool = True
    acts: bool = False


def _public(handler: Handler) -> Route:
    return Route(handler, needs_key=False)


def _acts(handler: Handler) -> Route:
    return Route(handler, acts=True)


BASE = "/api/v1/"

ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "wallet/assets"): _public(market.assets),
    ("GET", "instrument"): _public(market.instruments),
    ("GET", "instrument/active"): _public(market.active),
    ("GET", "instrument/activeAndIndices"): _public(market.active_and_indices),
    ("GET", "instrument/indices"): _public(market.indices),
    ("GET", "orderBook/L2"): _public(market.order_book),
    ("GET", "quote"): _public(market.quotes),
    ("GET", "trade"): _public(market.trades),
    ("GET", "trade/bucketed"): _public(market.bins),
    ("GET", "funding"): _public(market.funding),
    ("GET", "settlement"): _public(market.settlements),
    ("GET", "stats"): _public(market.stats),
    ("GET", "liquidation"): _public(market.liquidations),
    ("POST", "order"): _acts(orders.place),
    ("PUT", "order"): _acts(orders.amend),
    ("DELETE", "order"): _acts(orders.cancel),
    ("DELETE", "order/all"): _acts(orders.cancel_all),
    ("POST", "order/cancelAllAfter"): _acts(orders.cancel_all_after),
    ("POST", "order/closePosition"): _acts(orders.close_position),
    ("GET", "order"): Route(orders.orders),
    ("GET", "execution"): Route(orders.executions),
    ("GET", "execution/tradeHistory"): Route(orders.trade_history),
    ("GET", "position"): Route(account.positions),
    ("POST", "position/leverage"): _acts(account.set_leverage),
    ("POST", "position/isolate"): _acts(account.isolate),
    ("POST", "position/riskLimit"): _acts(account.set_risk_limit),
    ("GET", "user"): Route(account.user),
    ("GET", "user/margin"): Route(account.margin),
    ("GET", "user/wallet"): Route(account.wallet),
    ("GET", "user/walletHistory"): Route(account.history),
    ("GET", "user/commission"): Route(account.commission),
    ("GET", "user/marginingMode"): Route(account.margining_mode),
    ("GET", "user/depositAddress"): Route(account.deposit_address),
    ("POST", "user/requestWithdrawal"): _acts(account.withdraw),
}
"""By method and path below BASE."""
