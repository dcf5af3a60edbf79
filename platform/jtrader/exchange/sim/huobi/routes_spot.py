"""Spot's signed requests, on api.huobi.pro."""

from jtrader.exchange.sim.huobi import account_spot as account
from jtrader.exchange.sim.huobi import algo_spot as algo
from jtrader.exchange.sim.huobi import dead_man, reference, wallet
from jtrader.exchange.sim.huobi import orders_spot as orders
from jtrader.exchange.sim.huobi.call import Handler
from jtrader.exchange.sim.huobi.errors import Family
from jtrader.exchange.sim.huobi.limits import SPOT_READ, SPOT_TRADE, SPOT_WALLET, Allowance
from jtrader.exchange.sim.huobi.names import SPOT
from jtrader.exchange.sim.huobi.route import Route, Table


def _reads(family: Family, allowance: Allowance, handlers: dict[str, Handler]) -> Table:
    return {("GET", path): Route(SPOT, family, handler, allowance, signed=True) for path, handler in handlers.items()}


def _acts(family: Family, allowance: Allowance, handlers: dict[str, Handler]) -> Table:
    return {
        ("POST", path): Route(SPOT, family, handler, allowance, signed=True, acts=True)
        for path, handler in handlers.items()
    }


SPOT_SIGNED: Table = {
    **_reads(
        Family.SPOT,
        SPOT_READ,
        {
            "/v1/account/accounts": account.accounts,
            "/v1/account/accounts/{id}/balance": account.balance,
            "/v1/account/history": account.history,
            "/v1/order/openOrders": orders.open_orders,
            "/v1/order/orders": orders.orders,
            "/v1/order/history": orders.recent_orders,
            "/v1/order/orders/{id}": orders.look_up,
            "/v1/order/orders/getClientOrder": orders.look_up_client_id,
            "/v1/order/orders/{id}/matchresults": orders.match_results_of,
            "/v1/order/matchresults": orders.match_results,
        },
    ),
    **_reads(Family.SPOT, SPOT_WALLET, {"/v1/query/deposit-withdraw": wallet.movements}),
    **_reads(
        Family.SPOT_V2,
        SPOT_WALLET,
        {
            "/v2/account/ledger": account.ledger,
            "/v2/account/deposit/address": wallet.deposit_addresses,
            "/v2/account/withdraw/address": wallet.withdrawal_addresses,
            "/v2/account/withdraw/quota": wallet.withdrawal_quota,
            "/v2/reference/transact-fee-rate": reference.spot_fee_rates,
            "/v2/user/uid": account.uid,
            "/v2/user/api-key": account.key_rights,
            "/v2/algo-orders/opening": algo.opening,
            "/v2/algo-orders/history": algo.history,
            "/v2/algo-orders/specific": algo.specific,
            "/v5/account/universal_transfer_records": wallet.universal_moves,
        },
    ),
    **_acts(
        Family.SPOT,
        SPOT_TRADE,
        {
            "/v1/order/orders/place": orders.place,
            "/v1/order/auto/place": orders.place,
            "/v1/order/batch-orders": orders.place_batch,
            "/v1/order/orders/{id}/submitcancel": orders.cancel,
            "/v1/order/orders/submitCancelClientOrder": orders.cancel_by_client_id,
            "/v1/order/orders/batchCancelOpenOrders": orders.cancel_open,
            "/v1/order/orders/batchcancel": orders.cancel_batch,
        },
    ),
    **_acts(
        Family.SPOT,
        SPOT_WALLET,
        {
            "/v1/dw/withdraw/api/create": wallet.withdraw,
            "/v1/dw/withdraw-virtual/{id}/cancel": wallet.cancel_withdrawal,
            "/v1/futures/transfer": wallet.move_futures,
        },
    ),
    **_acts(
        Family.SPOT_V2,
        SPOT_TRADE,
        {
            "/v2/algo-orders": algo.place,
            "/v2/algo-orders/cancellation": algo.cancel,
            "/v2/algo-orders/cancel-all-after": dead_man.set_spot,
            "/v2/account/transfer": wallet.move,
            "/v5/account/universal_transfer": wallet.universal_move,
        },
    ),
}
