from decimal import Decimal

import pytest

from jtrader.domain.books import PnlPoint, PositionState
from jtrader.domain.errors import Unavailable
from jtrader.web.controllers import DeskController
from jtrader.web.models import Desk, Service, pnl_series, total_pnl

MINUTE = 60_000_000_000


def position(settle: str, **amounts: str) -> PositionState:
    exact = {name: Decimal(value) for name, value in amounts.items()}
    return PositionState(account="alpha", strategy="s", instrument="binance_usdm:X", settle=settle, ts=MINUTE, **exact)


def test_total_pnl_is_net_of_fees_and_funding_per_asset() -> None:
    rows = [
        position("USDT", realised="10.00000001", unrealised="-3", fees="1.5", funding="-0.25"),
        position("USDT", realised="1"),
        position("BTC", fees="0.00001"),
    ]
    assert total_pnl(rows) == {"USDT": Decimal("6.25000001"), "BTC": Decimal("-0.00001")}


def test_pnl_series_are_in_time_order_and_net() -> None:
    def point(minute: int, realised: str) -> PnlPoint:
        zero = Decimal(0)
        return PnlPoint(
            ts=minute * MINUTE,
            account="alpha",
            strategy="ma_cross",
            asset="USDT",
            realised=Decimal(realised),
            unrealised=Decimal("0.5"),
            fees=Decimal("0.25"),
            funding=zero,
        )

    assert pnl_series([point(2, "2"), point(1, "1")]) == {"ma_cross (USDT)": [(60_000, 1.25), (120_000, 2.25)]}


class NoDatabase:
    def positions(self) -> list[PositionState]:
        raise Unavailable("Postgres is away")


class NoEvents:
    def positions(self) -> list[PositionState]:
        return [position("USDT")]

    def orders(self, open_only: bool) -> list[object]:
        return []

    def fills(self, limit: int) -> list[object]:
        return []

    def pnl(self, limit: int) -> list[PnlPoint]:
        return []

    def statements(self, limit: int) -> list[object]:
        return []


@pytest.mark.parametrize(
    ("reader", "trouble", "positions"),
    [pytest.param(NoDatabase(), "Postgres is away", 0, id="away"), pytest.param(NoEvents(), "", 1, id="there")],
)
def test_a_page_without_postgres_still_shows_the_services(reader: object, trouble: str, positions: int) -> None:
    services = [Service(name="oms", state="up")]
    controller = DeskController(reader, lambda: services)  # type: ignore[arg-type]
    desk = controller._read()
    assert (desk.trouble, len(desk.positions), desk.services) == (trouble, positions, tuple(services))


def test_market_time_is_the_newest_one_seen() -> None:
    assert Desk().market_time == 0
    assert Desk(positions=(position("USDT"),)).market_time == MINUTE
