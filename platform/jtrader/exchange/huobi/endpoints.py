"""Which ccxt method asks what on each HTX market, and how far one request reaches. Two hosts: spot and contracts."""

from typing import NamedTuple

from jtrader.domain.ids import Market
from jtrader.exchange.huobi.listing import FUTURE, LINEAR, SPOT, SWAP


class PublicEndpoints(NamedTuple):
    """ccxt's implicit method names, empty where there is none. `symbol` is how the market's queries name the
    instrument; `page` candles at most in one answer."""

    symbol: str
    listing: str
    elements: str
    klines: str
    trades: str
    depth: str
    merged: str
    mark: str
    index_price: str
    funding: str
    funding_history: str
    open_interest: str
    page: int


PUBLIC: dict[Market, PublicEndpoints] = {
    SPOT: PublicEndpoints(
        symbol="symbol",
        listing="spotPublicGetV1CommonSymbols",
        elements="",
        klines="spotPublicGetMarketHistoryCandles",
        trades="spotPublicGetMarketHistoryTrade",
        depth="spotPublicGetMarketDepth",
        merged="spotPublicGetMarketDetailMerged",
        mark="",
        index_price="",
        funding="",
        funding_history="",
        open_interest="",
        page=1_000,
    ),
    LINEAR: PublicEndpoints(
        symbol="contract_code",
        listing="contractPublicGetLinearSwapApiV1SwapContractInfo",
        elements="contractPublicGetLinearSwapApiV1SwapQueryElements",
        klines="contractPublicGetLinearSwapExMarketHistoryKline",
        trades="contractPublicGetLinearSwapExMarketHistoryTrade",
        depth="contractPublicGetLinearSwapExMarketDepth",
        merged="contractPublicGetLinearSwapExMarketDetailMerged",
        mark="contractPublicGetIndexMarketHistoryLinearSwapMarkPriceKline",
        index_price="contractPublicGetLinearSwapApiV1SwapIndex",
        funding="contractPublicGetV5MarketFundingRate",
        funding_history="contractPublicGetV5MarketFundingRateHistory",
        open_interest="contractPublicGetLinearSwapApiV1SwapHisOpenInterest",
        page=2_000,
    ),
    SWAP: PublicEndpoints(
        symbol="contract_code",
        listing="contractPublicGetSwapApiV1SwapContractInfo",
        elements="contractPublicGetSwapApiV1SwapQueryElements",
        klines="contractPublicGetSwapExMarketHistoryKline",
        trades="contractPublicGetSwapExMarketHistoryTrade",
        depth="contractPublicGetSwapExMarketDepth",
        merged="contractPublicGetSwapExMarketDetailMerged",
        mark="contractPublicGetIndexMarketHistorySwapMarkPriceKline",
        index_price="contractPublicGetSwapApiV1SwapIndex",
        funding="contractPublicGetSwapApiV1SwapFundingRate",
        funding_history="contractPublicGetSwapApiV1SwapHistoricalFundingRate",
        open_interest="contractPublicGetSwapApiV1SwapHisOpenInterest",
        page=2_000,
    ),
    FUTURE: PublicEndpoints(
        symbol="symbol",
        listing="contractPublicGetApiV1ContractContractInfo",
        elements="contractPublicGetApiV1ContractQueryElements",
        klines="contractPublicGetMarketHistoryKline",
        trades="contractPublicGetMarketHistoryTrade",
        depth="contractPublicGetMarketDepth",
        merged="contractPublicGetMarketDetailMerged",
        mark="contractPublicGetIndexMarketHistoryMarkPriceKline",
        index_price="contractPublicGetApiV1ContractIndex",
        funding="",
        funding_history="",
        open_interest="contractPublicGetApiV1ContractHisOpenInterest",
        page=2_000,
    ),
}
