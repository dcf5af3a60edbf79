"""Coin-margined signed requests on api.hbdm.vn: the same for swaps and dated contracts, with other words in the path.

A path is written with `{api}` (`/swap-api`, `/api`) and `{word}` (`swap`, `contract`).
"""

from jtrader.exchange.sim.huobi import account_inverse as account
from jtrader.exchange.sim.huobi import dead_man, financial, reference, settlements
from jtrader.exchange.sim.huobi import orders_inverse as orders
from jtrader.exchange.sim.huobi import strategy_inverse as strategy
from jtrader.exchange.sim.huobi.call import Handler
from jtrader.exchange.sim.huobi.errors import Family
from jtrader.exchange.sim.huobi.limits import CONTRACT_READ, CONTRACT_TRADE
from jtrader.exchange.sim.huobi.names import FUTURE, SWAP
from jtrader.exchange.sim.huobi.route import Route, Table

_READS: dict[str, Handler] = {
    "{api}/v1/{word}_account_info": account.balances,
    "{api}/v1/{word}_position_info": account.positions,
    "{api}/v1/{word}_account_position_info": account.balances_with_positions,
    "{api}/v1/{word}_available_level_rate": account.leverages_open,
    "{api}/v1/{word}_order_limit": account.order_limits,
    "{api}/v1/{word}_position_limit": account.position_limits,
    "{api}/v1/{word}_transfer_limit": account.transfer_limits,
    "{api}/v1/{word}_fee": reference.contract_fees,
    "{api}/v1/{word}_user_settlement_records": settlements.of_account,
    "{api}/v1/{word}_financial_record": financial.records_v1,
    "{api}/v1/{word}_financial_record_exact": financial.records_v1_exact,
    "{api}/v3/{word}_financial_record": financial.records_v3,
    "{api}/v3/{word}_financial_record_exact": financial.records_v3,
    "{api}/v1/{word}_order_info": orders.look_up,
    "{api}/v1/{word}_order_detail": orders.look_into,
    "{api}/v1/{word}_openorders": orders.open_orders,
    "{api}/v1/{word}_hisorders": orders.history_pages,
    "{api}/v1/{word}_hisorders_exact": orders.history_exact,
    "{api}/v3/{word}_hisorders": orders.history,
    "{api}/v3/{word}_hisorders_exact": orders.history,
    "{api}/v1/{word}_matchresults": orders.trade_pages,
    "{api}/v1/{word}_matchresults_exact": orders.trades_exact,
    "{api}/v3/{word}_matchresults": orders.trades,
    "{api}/v3/{word}_matchresults_exact": orders.trades,
    "{api}/v1/{word}_trigger_openorders": strategy.open_triggers,
    "{api}/v1/{word}_trigger_hisorders": strategy.past_triggers,
    "{api}/v1/{word}_tpsl_openorders": strategy.open_tpsls,
    "{api}/v1/{word}_tpsl_hisorders": strategy.past_tpsls,
    "{api}/v1/{word}_track_openorders": strategy.nothing,
    "{api}/v1/{word}_track_hisorders": strategy.nothing,
}
_ACTS: dict[str, Handler] = {
    "{api}/v1/{word}_switch_lever_rate": account.set_leverage,
    "{api}/v1/{word}_order": orders.place,
    "{api}/v1/{word}_batchorder": orders.place_batch,
    "{api}/v1/{word}_cancel": orders.cancel,
    "{api}/v1/{word}_cancelall": orders.cancel_all,
    "{api}/v1/{word}_trigger_order": strategy.place_trigger,
    "{api}/v1/{word}_trigger_cancel": strategy.cancel_triggers,
    "{api}/v1/{word}_trigger_cancelall": strategy.cancel_all_triggers,
    "{api}/v1/{word}_tpsl_order": strategy.place_tpsl,
    "{api}/v1/{word}_tpsl_cancel": strategy.cancel_tpsls,
    "{api}/v1/{word}_tpsl_cancelall": strategy.cancel_all_tpsls,
    "{api}/v1/{word}_track_order": strategy.refuse,
    "{api}/v1/{word}-cancel-after": dead_man.set_contract,
}


def _signed(market: str, api: str, word: str) -> Table:
    reads = {
        ("POST", path.format(api=api, word=word)): Route(market, Family.CONTRACT, handler, CONTRACT_READ, signed=True)
        for path, handler in _READS.items()
    }
    acts = {("POST", path.format(api=api, word=word)): _act(market, handler) for path, handler in _ACTS.items()}
    status = Route(market, Family.CONTRACT, account.trading_status, CONTRACT_READ, signed=True)
    return {**reads, **acts, ("GET", f"{api}/v1/{word}_api_trading_status"): status}


def _act(market: str, handler: Handler) -> Route:
    return Route(market, Family.CONTRACT, handler, CONTRACT_TRADE, signed=True, acts=True)


INVERSE_SIGNED: Table = {
    **_signed(SWAP, "/swap-api", "swap"),
    **_signed(FUTURE, "/api", "contract"),
    ("POST", "/swap-api/v1/swap_lightning_close_position"): _act(SWAP, orders.close_at_once),
    ("POST", "/api/v1/lightning_close_position"): _act(FUTURE, orders.close_at_once),
}
