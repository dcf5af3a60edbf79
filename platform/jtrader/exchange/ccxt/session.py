"""The signed session of a generic market: numbers as exact texts, ccxt's own request limit with a reserve for cancels
and exits, and the pause that all processes of this machine keep."""

from pathlib import Path
from typing import Any

from jtrader.domain.ids import InstrumentId
from jtrader.exchange.ccxt.errors import translate
from jtrader.exchange.ccxt.hearing import hearing
from jtrader.exchange.ccxt.spoken import EXACT, CcxtMarket, load
from jtrader.exchange.common.budget import WeightBudget
from jtrader.exchange.common.session import CcxtSession, Keys, Meter

RESERVE = 0.25
"""The share that is kept for cancels and exits."""


class GenericSession(CcxtSession):
    def __init__(
        self, spoken: CcxtMarket, keys: Keys, simulator_uri: str | None = None, pause_file: Path | None = None
    ) -> None:
        def found() -> type[Any]:
            return hearing(load(spoken.exchange)())

        own_config = {**EXACT, "password": keys.password, "newUpdates": True}
        super().__init__(found, keys, translate, simulator_uri, options=spoken.options, own_config=own_config)
        per_minute = 60_000 / float(self.exchange.rateLimit)  # ccxt counts in costs, one each so many ms
        self._spoken = spoken
        self.budget = WeightBudget(spoken.market, per_minute, per_minute * RESERVE, pause_file)
        self._meter = self.exchange.meter = Meter(self.budget, lambda *asked: asked[3], lambda _: None)

    async def ask(self, method: str, *given: Any, is_order: bool = False, urgent: bool = False) -> Any:
        """A unified method. Raises BrokerError."""
        return await self.run(lambda: getattr(self.exchange, method)(*given), is_order, urgent)

    def offers(self, feature: str) -> bool:
        return bool(self.exchange.has.get(feature))

    async def symbol(self, instrument: InstrumentId) -> str:
        """ccxt's. Raises BadInput for what the venue doesn't list."""
        self._spoken.symbol_of(instrument)
        if not self.exchange.markets:
            await self.ask("load_markets")
        return self._spoken.unified(self.exchange, instrument)
