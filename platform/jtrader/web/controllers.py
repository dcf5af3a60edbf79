"""Keeps one fresh `Desk` for all browsers, read off the event loop, so that a slow database slows no page."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jtrader.domain.errors import Unavailable
from jtrader.web.models import Desk, DeskReader, Service

FILLS_SHOWN = 50
POINTS_SHOWN = 2_000
STATEMENTS_SHOWN = 10


class DeskController:
    """`refresh` reads everything once; views look at `desk`."""

    def __init__(self, reader: DeskReader, services: Callable[[], Sequence[Service]]) -> None:
        self._reader = reader
        self._services = services
        self.desk = Desk()

    async def refresh(self) -> None:
        self.desk = await asyncio.to_thread(self._read)

    async def query(self, sql: str) -> Sequence[Mapping[str, Any]]:
        """Rows of a dashboard card's own SELECT."""
        return await asyncio.to_thread(self._reader.query, sql)

    def _read(self) -> Desk:
        services = tuple(self._services())
        try:
            return Desk(
                services=services,
                positions=tuple(self._reader.positions()),
                open_orders=tuple(self._reader.orders(open_only=True)),
                fills=tuple(self._reader.fills(FILLS_SHOWN)),
                pnl=tuple(self._reader.pnl(POINTS_SHOWN)),
                statements=tuple(self._reader.statements(STATEMENTS_SHOWN)),
            )
        except Unavailable as error:
            return Desk(services=services, trouble=str(error))
