"""The futures' requests: what USDT-M (`/fapi`) and COIN-M (`/dapi`) have in common, then what each has alone."""

from jtrader.exchange.sim.binance import rest_account as account
from jtrader.exchange.sim.binance import rest_algo as algo
from jtrader.exchange.sim.binance import rest_changes as changes
from jtrader.exchange.sim.binance import rest_interest as interest
from jtrader.exchange.sim.binance import rest_market as market
from jtrader.exchange.sim.binance import rest_modes as modes
from jtrader.exchange.sim.binance import rest_orders as orders
from jtrader.exchange.sim.binance import rest_prices as prices
from jtrader.exchange.sim.binance import rest_streams as streams
from jtrader.exchange.sim.binance.call import Handler
from jtrader.exchange.sim.binance.route import Proof, Route, Routes, acts, by_limit, keyed, per_symbol, public, signed

_KLINES = by_limit(500, (99, 1), (499, 2), (1000, 5), (1500, 10))
_DEPTH = by_limit(500, (50, 2), (100, 5), (500, 10), (1000, 20))


def futures_routes(prefix: str, start_countdown: Handler) -> Routes:
    found = _market_data(prefix) | _orders(prefix) | _conditional_orders(prefix) | _account(prefix)
    found["POST", f"{prefix}/v1/countdownCancelAll"] = acts(start_countdown, 10)
    return found | (_ONLY_USDM if prefix == "/fapi" else _ONLY_COINM)


def _market_data(prefix: str) -> Routes:
    v1 = f"{prefix}/v1"
    return {
        ("GET", f"{v1}/ping"): public(market.ping),
        ("GET", f"{v1}/time"): public(market.time),
        ("GET", f"{v1}/exchangeInfo"): public(market.exchange_info),
        ("GET", f"{v1}/klines"): public(market.klines, _KLINES),
        ("GET", f"{v1}/continuousKlines"): public(market.continuous_klines, _KLINES),
        ("GET", f"{v1}/markPriceKlines"): public(market.mark_klines, _KLINES),
        ("GET", f"{v1}/indexPriceKlines"): public(market.index_klines, _KLINES),
        ("GET", f"{v1}/premiumIndexKlines"): public(market.premium_klines, _KLINES),
        ("GET", f"{v1}/aggTrades"): public(market.agg_trades, 20),
        ("GET", f"{v1}/trades"): public(market.recent_trades, 5),
        ("GET", f"{v1}/historicalTrades"): keyed(market.historical_trades, 20),
        ("GET", f"{v1}/depth"): public(market.depth, _DEPTH),
        ("GET", f"{v1}/ticker/24hr"): public(prices.day_ticker, per_symbol(1, 40)),
        ("GET", f"{v1}/ticker/bookTicker"): public(prices.book_ticker, per_symbol(2, 5)),
        ("GET", f"{v1}/ticker/price"): public(prices.price_ticker, per_symbol(1, 2)),
        ("GET", f"{v1}/premiumIndex"): public(prices.premium_index, per_symbol(1, 10)),
        ("GET", f"{v1}/fundingRate"): public(prices.funding_rates),
        ("GET", f"{v1}/fundingInfo"): public(prices.funding_info),
        ("GET", f"{v1}/openInterest"): public(interest.open_interest),
        ("GET", "/futures/data/openInterestHist"): public(interest.open_interest_history),
    }


def _orders(prefix: str) -> Routes:
    v1 = f"{prefix}/v1"
    return {
        ("POST", f"{v1}/order"): acts(orders.place, orders=1),
        ("POST", f"{v1}/order/test"): signed(orders.check, 1),
        ("GET", f"{v1}/order"): signed(orders.look_up, 1),
        ("PUT", f"{v1}/order"): acts(changes.modify, orders=1),
        ("DELETE", f"{v1}/order"): acts(orders.cancel),
        ("POST", f"{v1}/batchOrders"): acts(changes.place_many, 5, orders=5),
        ("PUT", f"{v1}/batchOrders"): acts(changes.modify_many, 5, orders=5),
        ("DELETE", f"{v1}/batchOrders"): acts(changes.cancel_many),
        ("GET", f"{v1}/openOrder"): signed(orders.look_up_open, 1),
        ("GET", f"{v1}/openOrders"): signed(orders.open_orders, per_symbol(1, 40)),
        ("DELETE", f"{v1}/allOpenOrders"): acts(orders.cancel_all),
        ("GET", f"{v1}/allOrders"): signed(orders.all_orders),
        ("GET", f"{v1}/userTrades"): signed(orders.my_trades),
        ("GET", f"{v1}/forceOrders"): signed(modes.force_orders, per_symbol(20, 50)),
    }


def _conditional_orders(prefix: str) -> Routes:
    v1 = f"{prefix}/v1"
    return {
        ("POST", f"{v1}/algoOrder"): acts(algo.place, orders=1),
        ("GET", f"{v1}/algoOrder"): signed(algo.look_up, 1),
        ("DELETE", f"{v1}/algoOrder"): acts(algo.cancel),
        ("GET", f"{v1}/openAlgoOrders"): signed(algo.open_orders, per_symbol(1, 40)),
        ("DELETE", f"{v1}/algoOpenOrders"): acts(algo.cancel_all),
        ("GET", f"{v1}/allAlgoOrders"): signed(algo.all_orders),
    }


def _account(prefix: str) -> Routes:
    v1 = f"{prefix}/v1"
    return {
        ("GET", f"{v1}/income"): signed(account.income, 30),
        ("POST", f"{v1}/leverage"): acts(modes.set_leverage),
        ("POST", f"{v1}/marginType"): acts(modes.set_margin_type),
        ("POST", f"{v1}/positionMargin"): acts(modes.move_margin),
        ("GET", f"{v1}/positionSide/dual"): signed(modes.position_mode, 30),
        ("POST", f"{v1}/positionSide/dual"): acts(modes.set_position_mode),
        ("GET", f"{v1}/adlQuantile"): signed(modes.adl_quantile),
        ("GET", f"{v1}/commissionRate"): signed(modes.commission_rate, 20),
        ("POST", f"{v1}/listenKey"): Route(streams.open_listen_key, Proof.KEY),
        ("PUT", f"{v1}/listenKey"): Route(streams.keep_listen_key, Proof.KEY),
        ("DELETE", f"{v1}/listenKey"): Route(streams.close_listen_key, Proof.KEY),
    }


_ONLY_USDM: Routes = {
    ("GET", "/fapi/v1/symbolAdlRisk"): public(modes.adl_risk),
    ("GET", "/fapi/v2/ticker/price"): public(prices.price_ticker, per_symbol(1, 2)),
    ("GET", "/fapi/v2/account"): signed(account.account_v2),
    ("GET", "/fapi/v3/account"): signed(account.account_v3),
    ("GET", "/fapi/v2/balance"): signed(account.balances),
    ("GET", "/fapi/v3/balance"): signed(account.balances),
    ("GET", "/fapi/v2/positionRisk"): signed(account.position_risk_v2),
    ("GET", "/fapi/v3/positionRisk"): signed(account.position_risk_v3),
    ("GET", "/fapi/v1/leverageBracket"): signed(modes.leverage_brackets, 1),
    ("GET", "/fapi/v1/symbolConfig"): signed(modes.symbol_config),
    ("GET", "/fapi/v1/accountConfig"): signed(modes.account_config),
    ("GET", "/fapi/v1/multiAssetsMargin"): signed(modes.multi_assets_mode, 30),
    ("POST", "/fapi/v1/multiAssetsMargin"): acts(modes.set_multi_assets_mode),
    ("GET", "/fapi/v1/feeBurn"): signed(modes.fee_burn, 30),
    ("POST", "/fapi/v1/feeBurn"): acts(modes.set_fee_burn),
}

_ONLY_COINM: Routes = {
    ("GET", "/dapi/v1/account"): signed(account.account_v2),
    ("GET", "/dapi/v1/balance"): signed(account.balances, 1),
    ("GET", "/dapi/v1/positionRisk"): signed(account.position_risk_v2, 1),
    ("GET", "/dapi/v1/leverageBracket"): signed(modes.leverage_brackets, 1),
    ("GET", "/dapi/v2/leverageBracket"): signed(modes.leverage_brackets, 1),
}
