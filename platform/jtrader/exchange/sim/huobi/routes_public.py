"""Public requests: market data and what the venue tells of itself."""

from jtrader.exchange.sim.huobi import elements, funding, interest, liquidations, market, reference, settlements
from jtrader.exchange.sim.huobi.call import Handler
from jtrader.exchange.sim.huobi.errors import Family
from jtrader.exchange.sim.huobi.limits import MARKET_DATA, PUBLIC, V5_PUBLIC, Allowance
from jtrader.exchange.sim.huobi.names import FUTURE, LINEAR, SPOT, SWAP
from jtrader.exchange.sim.huobi.route import Route, Table


def _gets(market_name: str, family: Family, allowance: Allowance, handlers: dict[str, Handler]) -> Table:
    return {("GET", path): Route(market_name, family, handler, allowance) for path, handler in handlers.items()}


SPOT_PUBLIC: Table = {
    **_gets(
        SPOT,
        Family.SPOT,
        MARKET_DATA,
        {
            "/v1/common/timestamp": market.spot_time,
            "/v1/common/symbols": reference.symbols,
            "/v1/common/currencys": reference.coin_names,
            "/v1/common/exchange": reference.order_limits,
            "/market/history/kline": market.spot_klines,
            "/market/history/candles": market.spot_candles,
            "/market/history/trade": market.trade_history,
            "/market/trade": market.last_trade,
            "/market/depth": market.depth,
            "/market/detail": market.spot_detail,
            "/market/detail/merged": market.merged_detail,
            "/market/tickers": market.spot_tickers,
        },
    ),
    **_gets(
        SPOT,
        Family.SPOT_V2,
        PUBLIC,
        {"/v2/reference/currencies": reference.currencies, "/v2/market-status": reference.market_status},
    ),
}


def _market_data(market_name: str, prefix: str) -> Table:
    """The contract markets speak alike below their own prefixes."""
    return _gets(
        market_name,
        Family.CONTRACT,
        MARKET_DATA,
        {
            f"{prefix}/market/history/kline": market.contract_klines,
            f"{prefix}/market/history/trade": market.trade_history,
            f"{prefix}/market/trade": market.last_trade,
            f"{prefix}/market/depth": market.depth,
            f"{prefix}/market/bbo": market.best_quotes,
            f"{prefix}/market/detail/merged": market.merged_detail,
            f"{prefix}/market/detail/batch_merged": market.contract_tickers,
            f"/v2{prefix}/market/detail/batch_merged": market.contract_tickers,
        },
    )


def _reference(market_name: str, prefix: str, word: str) -> Table:
    """`word` is how this market begins the names of its requests: `swap` or `contract`."""
    return _gets(
        market_name,
        Family.CONTRACT,
        PUBLIC,
        {
            f"{prefix}/v1/{word}_contract_info": reference.contracts,
            f"{prefix}/v1/{word}_index": funding.index_prices,
            f"{prefix}/v1/{word}_price_limit": reference.price_limits,
            f"{prefix}/v1/{word}_adjustfactor": reference.adjust_factors,
            f"{prefix}/v1/{word}_query_elements": elements.elements,
            f"{prefix}/v1/{word}_open_interest": interest.now,
            f"{prefix}/v1/{word}_his_open_interest": interest.past,
            f"{prefix}/v1/{word}_settlement_records": settlements.history,
            f"{prefix}/v1/{word}_estimated_settlement_price": settlements.estimated_prices,
            f"{prefix}/v3/{word}_liquidation_orders": liquidations.orders,
        },
    )


CONTRACT_PUBLIC: Table = {
    **_market_data(LINEAR, "/linear-swap-ex"),
    **_market_data(SWAP, "/swap-ex"),
    **_market_data(FUTURE, ""),
    **_reference(LINEAR, "/linear-swap-api", "swap"),
    **_reference(SWAP, "/swap-api", "swap"),
    **_reference(FUTURE, "/api", "contract"),
    **_gets(
        LINEAR,
        Family.CONTRACT,
        MARKET_DATA,
        {
            "/index/market/history/linear_swap_mark_price_kline": funding.mark_klines,
            "/index/market/history/linear_swap_premium_index_kline": funding.premium_klines,
            "/linear-swap-api/v1/swap_funding_rate": funding.rate,
            "/linear-swap-api/v1/swap_batch_funding_rate": funding.batch_rates,
            "/linear-swap-api/v1/swap_historical_funding_rate": funding.rate_history,
        },
    ),
    **_gets(
        SWAP,
        Family.CONTRACT,
        MARKET_DATA,
        {
            "/index/market/history/swap_mark_price_kline": funding.mark_klines,
            "/index/market/history/swap_premium_index_kline": funding.premium_klines,
            "/swap-api/v1/swap_funding_rate": funding.rate,
            "/swap-api/v1/swap_batch_funding_rate": funding.batch_rates,
            "/swap-api/v1/swap_historical_funding_rate": funding.rate_history,
        },
    ),
    **_gets(
        FUTURE,
        Family.CONTRACT,
        MARKET_DATA,
        {
            "/index/market/history/mark_price_kline": funding.mark_klines,
            "/index/market/history/index": funding.index_klines,
            "/api/v1/timestamp": market.contract_time,
            "/heartbeat": reference.heartbeat,
            "/heartbeat/": reference.heartbeat,
        },
    ),
    **_gets(
        LINEAR,
        Family.V5,
        V5_PUBLIC,
        {
            "/v5/market/funding_rate": funding.rates_v5,
            "/v5/market/funding_rate_history": funding.rate_history_v5,
            "/v5/market/price_limit": reference.price_limits,
            "/v5/market/open_interest": interest.now_v5,
            "/v5/market/settlement_history": settlements.history_v5,
            "/v5/market/liquidation_orders": liquidations.orders_v5,
        },
    ),
}
