"""Linear swaps' signed requests (v5), on api.hbdm.vn."""

from jtrader.exchange.sim.huobi import account_v5 as account
from jtrader.exchange.sim.huobi import algo_v5 as algo
from jtrader.exchange.sim.huobi import dead_man, financial
from jtrader.exchange.sim.huobi import orders_v5 as orders
from jtrader.exchange.sim.huobi.call import Handler
from jtrader.exchange.sim.huobi.errors import Family
from jtrader.exchange.sim.huobi.limits import V5_ACCOUNT, V5_TRADE, Allowance
from jtrader.exchange.sim.huobi.names import LINEAR
from jtrader.exchange.sim.huobi.route import Route, Table


def _reads(allowance: Allowance, handlers: dict[str, Handler]) -> Table:
    return {
        ("GET", path): Route(LINEAR, Family.V5, handler, allowance, signed=True) for path, handler in handlers.items()
    }


def _acts(allowance: Allowance, handlers: dict[str, Handler]) -> Table:
    return {
        ("POST", path): Route(LINEAR, Family.V5, handler, allowance, signed=True, acts=True)
        for path, handler in handlers.items()
    }


LINEAR_SIGNED: Table = {
    **_reads(
        V5_ACCOUNT,
        {
            "/v5/account/balance": account.balance,
            "/v5/account/bills": financial.bills_v5,
            "/v5/account/asset_mode": account.asset_mode,
            "/v5/position/lever": account.leverage,
            "/v5/position/mode": account.position_mode,
            "/v5/position/risk/limit": account.risk_limits,
            "/v5/market/risk/limit": account.risk_limits,
        },
    ),
    **_reads(
        V5_TRADE,
        {
            "/v5/trade/position/opens": account.positions,
            "/v5/trade/order": orders.look_up,
            "/v5/trade/order/opens": orders.open_orders,
            "/v5/trade/order/history": orders.history,
            "/v5/trade/order/details": orders.trades,
            "/v5/algo/order": algo.look_up,
            "/v5/algo/order/opens": algo.open_orders,
            "/v5/algo/order/history": algo.history,
        },
    ),
    **_acts(
        V5_TRADE,
        {
            "/v5/trade/order": orders.place,
            "/v5/trade/batch_orders": orders.place_batch,
            "/v5/trade/cancel_order": orders.cancel,
            "/v5/trade/cancel_batch_orders": orders.cancel_batch,
            "/v5/trade/cancel_all_orders": orders.cancel_all,
            "/v5/trade/cancel-after": dead_man.set_v5,
            "/v5/trade/position": orders.close_position,
            "/v5/trade/position_all": orders.close_positions,
            "/v5/algo/order": algo.place,
            "/v5/algo/cancel_orders": algo.cancel,
        },
    ),
    **_acts(
        V5_ACCOUNT,
        {
            "/v5/account/asset_mode": account.set_asset_mode,
            "/v5/position/lever": account.set_leverage,
            "/v5/position/mode": account.set_position_mode,
            "/v5/position/margin": account.move_margin,
        },
    ),
}
