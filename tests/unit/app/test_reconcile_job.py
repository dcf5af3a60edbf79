"""Which days a reconciliation does again: those that no longer close as their statement says, and no others."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from jtrader.app.jobs.reconcile import _Desk
from jtrader.app.settings import AccountSettings, Settings
from jtrader.domain.books import Statement
from jtrader.domain.ids import AccountId

DAY = dt.date(2026, 1, 15)
ACCOUNT = AccountSettings(name="trend", market="binance_spot", broker="sim", key_file=Path("trend.json"))


def statement(date: dt.date, opening: dict[str, str], closing: dict[str, str]) -> Statement:
    return Statement(
        account=AccountId("trend"),
        date=date,
        version=1,
        opening={asset: Decimal(text) for asset, text in opening.items()},
        closing={asset: Decimal(text) for asset, text in closing.items()},
        transfers={},
        pnl_ledger={},
        pnl_venue={},
        fills=0,
        matched=0,
        breaks=(),
        in_transit=(),
    )


class Shelf:
    """ports.StatementStore for what a reconciliation asks."""

    def __init__(self, stored: Statement) -> None:
        self._stored = stored
        self.saved: list[dt.date] = []

    def before(self, account: AccountId, date: dt.date) -> Statement | None:
        return self._stored if self._stored.date < date else None

    def save(self, made: Statement) -> Statement:
        self.saved.append(made.date)
        return made


class Told(_Desk):
    """Compares nothing: the statements are given."""

    def __init__(self, settings: Settings, shelf: Shelf, *made: Statement) -> None:
        super().__init__(settings, [], {}, 0, shelf)  # type: ignore[arg-type]
        self._made = {one.date: one for one in made}

    async def _compare(self, account: AccountSettings, day: dt.date) -> Statement:
        return self._made[day]


@pytest.mark.parametrize(
    ("closed", "opens", "again"),
    [
        ({"USDT": "5", "BTC": "0"}, {"USDT": "5"}, False),
        ({"USDT": "5"}, {"USDT": "5", "BTC": "0"}, False),
        ({"USDT": "5"}, {"USDT": "5.00000001"}, True),
        ({"USDT": "5"}, {"USDT": "5", "BTC": "0.1"}, True),
    ],
)
def test_the_day_before_is_done_again_where_it_closed_otherwise(
    closed: dict[str, str], opens: dict[str, str], again: bool
) -> None:
    yesterday = statement(DAY - dt.timedelta(1), {}, closed)
    shelf = Shelf(yesterday)
    Told(Settings(), shelf, yesterday, statement(DAY, opens, opens)).reconcile(ACCOUNT, DAY)
    assert shelf.saved == ([yesterday.date, DAY] if again else [DAY])
