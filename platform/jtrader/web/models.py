"""What the page shows, as plain rows. `DeskReader` is what the views need from outside."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from jtrader.domain.books import PnlPoint, PositionState, Statement
from jtrader.domain.money import ZERO
from jtrader.store.postgres.reader import FillView, OrderView


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One process of the stack: `state` is up, starting or down."""

    name: str
    state: str
    pid: int | None = None
    url: str = ""
    detail: str = ""


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page at one moment."""

    services: tuple[Service, ...] = ()
    positions: tuple[PositionState, ...] = ()
    open_orders: tuple[OrderView, ...] = ()
    fills: tuple[FillView, ...] = ()
    pnl: tuple[PnlPoint, ...] = ()
    statements: tuple[Statement, ...] = ()
    trouble: str = ""
    """Why a part is missing, as a sentence; empty when all was read."""

    @property
    def market_time(self) -> int:
        """The newest market time seen, ns; 0 before the first event."""
        times = [p.ts for p in self.positions] + [p.ts for p in self.pnl] + [f.ts for f in self.fills]
        return max(times, default=0)


class DeskReader(Protocol):
    """Reads the projection; each call raises Unavailable when Postgres is away."""

    def positions(self) -> Sequence[PositionState]: ...

    def orders(self, open_only: bool) -> Sequence[OrderView]: ...

    def fills(self, limit: int) -> Sequence[FillView]: ...

    def pnl(self, limit: int) -> Sequence[PnlPoint]: ...

    def statements(self, limit: int) -> Sequence[Statement]: ...

    def query(self, sql: str) -> Sequence[Mapping[str, Any]]:
        """Rows of a dashboard card's own SELECT, read-only."""
        ...


def total_pnl(positions: Sequence[PositionState]) -> dict[str, Decimal]:
    """P&L per settle asset, net of fees and funding, at mark."""
    totals: dict[str, Decimal] = {}
    for position in positions:
        totals[position.settle] = totals.get(position.settle, ZERO) + position.pnl
    return totals


def pnl_series(points: Sequence[PnlPoint]) -> dict[str, list[tuple[int, float]]]:
    """`strategy (asset)` → [(market time in ms, net P&L)] in time order, for drawing."""
    series: dict[str, list[tuple[int, float]]] = {}
    for point in sorted(points, key=lambda p: p.ts):
        net = point.realised + point.unrealised + point.funding - point.fees
        series.setdefault(f"{point.strategy} ({point.asset})", []).append((point.ts // 1_000_000, float(net)))
    return series
