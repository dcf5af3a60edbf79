"""What may have happened while a private stream was down, read over REST."""

from collections.abc import Callable

from jtrader.domain.order import Fill, VenueOrder
from jtrader.exchange.common.asking import AskedAgain
from jtrader.exchange.common.reports import Reader
from jtrader.exchange.common.unfinished import UnfinishedOrders


class MissedReports:
    """Fills and the states of orders that were not final; what the stream tells meanwhile goes on."""

    def __init__(self, reader: Reader, unfinished: UnfinishedOrders, again: Callable[[], None]) -> None:
        """`again` is called when they should be read once more, since the venue did not answer."""
        self._reader = reader
        self._unfinished = unfinished
        self._question = AskedAgain("private stream: what was missed", again)

    async def read(self) -> list[Fill | VenueOrder] | None:
        """Fills first, then order states; None where the venue does not answer. States are read before fills, so that
        every fill behind a final state is among them. Raises AccessDenied, and what is no BrokerError."""
        return await self._question.ask(self._fills_then_states)

    async def _fills_then_states(self) -> list[Fill | VenueOrder]:
        states = await self._unfinished.states()
        return [*await self._reader.fills_since_last(), *states]
