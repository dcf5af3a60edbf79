"""What is read of an account belongs to one moment, also while it trades."""

import asyncio
from decimal import Decimal

import pytest

from fixtures.trading_day import ETH, MARKS, PERP, perp_day
from jtrader.app.jobs.venue_account import marks_at, read_account
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.times import MINUTE


class MovingAccount:
    """ports.broker.Account of a made-up day; its fills differ each time until `moves` readings of the balances."""

    def __init__(self, moves: int) -> None:
        self.day = perp_day()
        self.moves = moves
        self.readings = 0

    async def balances(self):
        self.readings += 1
        return self.day.venue.balances

    async def positions(self):
        return self.day.venue.positions

    async def fills(self, instrument, start, end):
        ours = [fill for fill in self.day.venue.fills if fill.instrument == instrument]
        return ours if self.readings >= self.moves else ours[: 1 + self.readings % 2]

    async def entries(self, start, end):
        return self.day.venue.entries

    async def mark_at(self, instrument, ts):
        if instrument not in MARKS:
            raise BadInput("no mark")
        return str(MARKS[instrument])


@pytest.mark.parametrize(("moves", "readings"), [(0, 2), (1, 2), (3, 4)])
def test_it_is_read_again_until_it_stands_still(moves, readings):
    """Twice at least here: only the first reading tells that there is a position in another instrument."""
    account = MovingAccount(moves)
    told = asyncio.run(read_account(account, [ETH], 0, 1))
    assert account.readings == readings
    assert sorted(told.fills, key=lambda fill: (fill.ts, fill.instrument)) == sorted(
        account.day.venue.fills, key=lambda fill: (fill.ts, fill.instrument)
    ), "instruments with a position are read too, and nothing of before is left"
    assert told.balances == account.day.venue.balances


def test_an_account_that_never_stands_still_is_given_up():
    with pytest.raises(Unavailable, match="try again later"):
        asyncio.run(read_account(MovingAccount(100), [PERP, ETH], 0, 1))


def test_marks_exist_at_minute_boundaries_only_and_where_the_venue_has_them():
    account = MovingAccount(0)
    assert asyncio.run(marks_at(account, [PERP, "binance_usdm:NEW"], MINUTE)) == {PERP: Decimal(MARKS[PERP])}
    assert asyncio.run(marks_at(account, [PERP], MINUTE + 1)) == {}
