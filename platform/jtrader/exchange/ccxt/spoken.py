"""Which venue and product family a generic market is, and how ccxt's class for it is made."""

from collections.abc import Callable
from typing import Any

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import ClientOrderId, InstrumentId, Market, VenueSymbol, split_instrument_id
from jtrader.exchange.ccxt import ids

TYPES = ("spot", "swap", "future")


class CcxtMarket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`okx_swap` = ccxt's `okx`, its swaps. `options` are ccxt's own.

    `conditional_id` names the parameter that carries our client id of a conditional order where ccxt hands on another
    (OKX: algoClOrdId); `became` the field of a triggered one that holds the number of the order it became (OKX: ordId).
    `plain_ids`: client ids may hold letters and digits only (see `ids`).
    """

    market: Market
    exchange: str
    type: str
    settle: str = ""
    """Only contracts that settle in it; empty = all."""
    options: dict[str, Any] = {}
    conditional_id: str = ""
    became: str = ""
    plain_ids: bool = False
    cursor: tuple[str, ...] = ()
    """Of a venue that tells the newest rows first: the parameter that asks for what is older than a row, and the fields
    of which the first that a row has holds its number; without it the past is paged by time."""
    limit_param: str = ""
    """The parameter with a page's size, where ccxt does not hand it on."""
    funding_until: str = "until"
    """The parameter with the end of settled fundings; another one where ccxt does not hand its own on."""

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise BadInput(f"market {self.market}: type '{self.type}' is not one of {', '.join(TYPES)}")

    def takes(self, row: dict[str, Any]) -> bool:
        """One of this market's, among ccxt's markets."""
        return row["type"] == self.type and (not self.settle or row["settle"] == self.settle)

    def instrument_id(self, row: dict[str, Any]) -> InstrumentId:
        return InstrumentId(f"{self.market}:{row['id']}")

    def symbol_of(self, instrument: InstrumentId) -> VenueSymbol:
        """The venue's own. Raises BadInput for another market's."""
        market, symbol = split_instrument_id(instrument)
        if market != self.market:
            raise BadInput(f"{instrument} is not on {self.market}")
        return symbol

    def written(self, client_order_id: ClientOrderId) -> str:
        """Our client id as the venue takes it."""
        return ids.plain(client_order_id) if self.plain_ids else client_order_id

    def read(self, client_order_id: str) -> ClientOrderId:
        return ids.ours(client_order_id) if self.plain_ids else ClientOrderId(client_order_id)

    def unified(self, exchange: Any, instrument: InstrumentId) -> str:
        """ccxt's symbol, once its markets are loaded. Raises BadInput for what the venue doesn't list."""
        symbol = self.symbol_of(instrument)
        for row in (exchange.markets_by_id or {}).get(symbol, ()):
            if self.takes(row):
                return str(row["symbol"])
        raise BadInput(f"{self.exchange} lists no {self.type} {symbol}")


def _okx(kind: str) -> CcxtMarket:
    return CcxtMarket(
        Market(f"okx_{kind}"),
        "okx",
        kind,
        options={"fetchMarkets": {"types": [kind]}, "defaultType": kind},
        conditional_id="algoClOrdId",
        became="ordId",
        plain_ids=True,
        cursor=("after", "billId", "algoId", "ordId"),
        limit_param="limit",
        funding_until="after",
    )


OKX_SPOT, OKX_SWAP, OKX_FUTURE = _okx("spot"), _okx("swap"), _okx("future")
KNOWN = {("okx", one.type): one for one in (OKX_SPOT, OKX_SWAP, OKX_FUTURE)}
"""What has been looked into, by exchange and type; any other venue is told about in the settings."""


def load(name: str, pro: bool = True) -> Callable[[], type[Any]]:
    """ccxt's class of a venue, imported when it is called. Raises BadInput then for one that ccxt has not."""

    def found() -> type[Any]:
        import ccxt.async_support
        import ccxt.pro

        module = ccxt.pro if pro else ccxt.async_support
        if name not in module.exchanges:
            raise BadInput(f"ccxt has no exchange '{name}'")
        return getattr(module, name)  # type: ignore[no-any-return]

    return found


EXACT = {"number": str}
"""Configuration with which ccxt hands numbers out as their exact texts."""
