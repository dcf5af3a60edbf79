"""Spot's requests, and the wallet's. Weights are those of Binance's documents."""

from jtrader.exchange.sim.binance import dust, transfers
from jtrader.exchange.sim.binance import rest_account as account
from jtrader.exchange.sim.binance import rest_changes as changes
from jtrader.exchange.sim.binance import rest_market as market
from jtrader.exchange.sim.binance import rest_modes as modes
from jtrader.exchange.sim.binance import rest_orders as orders
from jtrader.exchange.sim.binance import rest_prices as prices
from jtrader.exchange.sim.binance import rest_wallet as wallet
from jtrader.exchange.sim.binance.route import Routes, acts, by_limit, keyed, per_symbol, public, signed

_DEPTH = by_limit(100, (100, 5), (500, 25), (1000, 50), (5000, 250))

SPOT_ROUTES: Routes = {
    ("GET", "/api/v3/ping"): public(market.ping),
    ("GET", "/api/v3/time"): public(market.time),
    ("GET", "/api/v3/exchangeInfo"): public(market.exchange_info, 20),
    ("GET", "/api/v3/klines"): public(market.klines, 2),
    ("GET", "/api/v3/uiKlines"): public(market.klines, 2),
    ("GET", "/api/v3/aggTrades"): public(market.agg_trades, 4),
    ("GET", "/api/v3/trades"): public(market.recent_trades, 25),
    ("GET", "/api/v3/historicalTrades"): keyed(market.historical_trades, 25),
    ("GET", "/api/v3/depth"): public(market.depth, _DEPTH),
    ("GET", "/api/v3/avgPrice"): public(prices.average_price, 2),
    ("GET", "/api/v3/ticker/24hr"): public(prices.day_ticker, per_symbol(2, 80)),
    ("GET", "/api/v3/ticker/bookTicker"): public(prices.book_ticker, per_symbol(2, 4)),
    ("GET", "/api/v3/ticker/price"): public(prices.price_ticker, per_symbol(2, 4)),
    ("POST", "/api/v3/order"): acts(orders.place, orders=1),
    ("POST", "/api/v3/order/test"): signed(orders.check, 1),
    ("GET", "/api/v3/order"): signed(orders.look_up, 4),
    ("DELETE", "/api/v3/order"): acts(orders.cancel),
    ("POST", "/api/v3/order/cancelReplace"): acts(changes.cancel_replace, orders=1),
    ("PUT", "/api/v3/order/amend/keepPriority"): acts(changes.keep_priority, 4),
    ("GET", "/api/v3/openOrders"): signed(orders.open_orders, per_symbol(6, 80)),
    ("DELETE", "/api/v3/openOrders"): acts(orders.cancel_all),
    ("GET", "/api/v3/allOrders"): signed(orders.all_orders, 20),
    ("GET", "/api/v3/myTrades"): signed(orders.my_trades, 20),
    ("GET", "/api/v3/account"): signed(account.spot_account, 20),
    ("GET", "/api/v3/account/commission"): signed(modes.spot_commission, 20),
}

WALLET_ROUTES: Routes = {
    ("GET", "/sapi/v1/system/status"): public(wallet.system_status),
    ("GET", "/sapi/v1/account/status"): signed(wallet.account_status, 1),
    ("GET", "/sapi/v1/account/apiRestrictions"): signed(wallet.restrictions, 1),
    ("GET", "/sapi/v1/capital/config/getall"): signed(wallet.coins, 10),
    ("GET", "/sapi/v1/capital/deposit/address"): signed(wallet.deposit_address, 10),
    ("GET", "/sapi/v1/capital/deposit/hisrec"): signed(wallet.deposits, 1),
    ("GET", "/sapi/v1/capital/withdraw/history"): signed(wallet.withdrawals, 10),
    ("POST", "/sapi/v1/capital/withdraw/apply"): acts(wallet.withdraw, 60),
    ("GET", "/sapi/v1/margin/allPairs"): keyed(wallet.nothing),
    ("GET", "/sapi/v1/margin/isolated/allPairs"): keyed(wallet.nothing),
    ("GET", "/sapi/v1/asset/tradeFee"): signed(wallet.trade_fees, 1),
    ("POST", "/sapi/v3/asset/getUserAsset"): signed(wallet.user_assets, 5),
    ("GET", "/sapi/v1/asset/assetDividend"): signed(wallet.dividends, 10),
    ("GET", "/sapi/v1/convert/tradeFlow"): signed(wallet.no_conversions, 100),
    ("GET", "/sapi/v1/asset/dribblet"): signed(dust.log, 1),
    ("POST", "/sapi/v1/asset/dust-btc"): signed(dust.candidates, 1),
    ("POST", "/sapi/v1/asset/dust"): acts(dust.convert, 10),
    ("POST", "/sapi/v1/asset/transfer"): acts(transfers.transfer, 10),
    ("GET", "/sapi/v1/asset/transfer"): signed(transfers.history, 1),
    ("POST", "/sapi/v1/futures/transfer"): acts(transfers.futures_transfer),
    ("GET", "/sapi/v1/futures/transfer"): signed(transfers.futures_history, 10),
    ("GET", "/sapi/v1/bnbBurn"): signed(modes.bnb_burn, 1),
    ("POST", "/sapi/v1/bnbBurn"): acts(modes.set_bnb_burn),
}
