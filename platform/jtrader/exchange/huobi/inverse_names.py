"""How HTX's two coin-margined markets name the same things: swaps by contract code, dated futures by coin as well."""

import re

from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.exchange.huobi.listing import SWAP

_COIN = re.compile(r"[A-Z0-9]*?[A-Z]+(?=\d{6}$)")


class InverseNames:
    """`call("Openorders")` → ccxt's implicit method; `named(instrument)` → the fields that name it in a query."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self._prefix = "SwapApi{}Swap" if market == SWAP else "Api{}Contract"

    def call(self, what: str, version: str = "V1") -> str:
        return f"contractPrivatePost{self._prefix.format(version)}{what}"

    def code(self, instrument: InstrumentId) -> str:
        return split_instrument_id(instrument)[1]

    def coin(self, instrument: InstrumentId) -> str:
        """`BTC-USD` and `BTC261225` → `BTC`."""
        code = self.code(instrument)
        found = _COIN.match(code)
        return found[0] if found else code.partition("-")[0]

    def named(self, instrument: InstrumentId) -> dict[str, str]:
        """Where a query names one contract."""
        if self.market == SWAP:
            return {"contract_code": self.code(instrument)}
        return {"symbol": self.coin(instrument), "contract_code": self.code(instrument)}

    def owner(self, instrument: InstrumentId) -> dict[str, str]:
        """Where a query names what belongs together: a swap's contract, a future's coin."""
        if self.market == SWAP:
            return {"contract_code": self.code(instrument)}
        return {"symbol": self.coin(instrument)}
