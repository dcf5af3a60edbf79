"""Names as types, so that a venue's spelling never stands where ours is expected.

An `InstrumentId` is `<market>:<venue symbol>`, for example `binance_usdm:BTCUSDT`; a market is a venue's product
family with one API (`binance_spot`, `binance_usdm`). An `AccountId` names one wallet on one market.
"""

from typing import NewType

from jtrader.domain.errors import BadInput

Market = NewType("Market", str)
InstrumentId = NewType("InstrumentId", str)
VenueSymbol = NewType("VenueSymbol", str)
AccountId = NewType("AccountId", str)
StrategyId = NewType("StrategyId", str)
ParentId = NewType("ParentId", str)
ClientOrderId = NewType("ClientOrderId", str)
VenueOrderId = NewType("VenueOrderId", str)
TradeId = NewType("TradeId", str)
SignalId = NewType("SignalId", str)

UNASSIGNED = StrategyId("UNASSIGNED")
"""Books what no strategy of ours ordered: a human at the venue, a liquidation."""


def instrument_id(market: str, venue_symbol: str) -> InstrumentId:
    """`("binance_usdm", "BTCUSDT")` → `binance_usdm:BTCUSDT`."""
    return InstrumentId(f"{market}:{venue_symbol}")


def market_of(instrument: InstrumentId) -> Market:
    """`binance_usdm:BTCUSDT` → `binance_usdm`, of an id that is known to be one."""
    return Market(instrument.partition(":")[0])


def split_instrument_id(instrument: str) -> tuple[Market, VenueSymbol]:
    """`binance_usdm:BTCUSDT` → `("binance_usdm", "BTCUSDT")`; raises BadInput on any other shape."""
    market, colon, symbol = instrument.partition(":")
    if not (market and colon and symbol):
        raise BadInput(f"instrument '{instrument}' is not of the form market:SYMBOL, for example binance_usdm:BTCUSDT")
    return Market(market), VenueSymbol(symbol)
