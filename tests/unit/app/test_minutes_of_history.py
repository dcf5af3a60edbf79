"""Warm-up: the store as far as it goes, the venue for the rest, each minute once."""

import asyncio
from collections.abc import Sequence

import pytest

from fixtures.trading import PERP, START, minutes
from jtrader.app.services.strategies.minutes import Minutes
from jtrader.domain.errors import Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.domain.times import MINUTE
from jtrader.store.memory.candles import MemoryCandleStore

ALL = minutes([100.0 + n for n in range(200)], start=START - 200 * MINUTE)


class Venue:
    """Serves ten minutes a page; remembers from where it was asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
        self.asked.append(start)
        return [candle for candle in ALL if start <= candle.ts < end][:10]

    def market_time(self) -> int:
        return START


class AwayStore(MemoryCandleStore):
    def read(self, instrument: InstrumentId, start: int, end: int) -> "object":  # type: ignore[override]
        raise Unavailable("MongoDB does not answer")


@pytest.mark.parametrize(
    ("stored", "first_asked"),
    [
        (ALL, START),
        (ALL[:-20], ALL[-20].ts),
        (ALL[:150] + ALL[160:], ALL[150].ts),
        ([], ALL[-61].ts),
        (None, ALL[-61].ts),
    ],
    ids=["whole", "old", "holed", "empty", "away"],
)
def test_the_store_is_topped_up(stored: list[Candle] | None, first_asked: int) -> None:
    store = AwayStore() if stored is None else MemoryCandleStore()
    if stored:
        store.upsert(stored)
    venue = Venue()
    line = Minutes(PERP.id, venue, store)
    history = asyncio.run(line.history(60, START + 30_000_000_000))
    assert history == ALL[-61:]
    assert venue.asked[0] == first_asked
    assert line.last == ALL[-1].ts


def test_minutes_that_came_with_a_loss_are_not_lost_when_the_venue_does_not_answer_at_once() -> None:
    class AwayVenue(Venue):
        is_away = False
        newest = ALL[-11].ts

        def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
            if self.is_away:
                raise Unavailable("the venue does not answer")
            return super().candles(instrument, start, min(end, self.newest + MINUTE))

    async def work() -> None:
        venue = AwayVenue()
        line = Minutes(PERP.id, venue, None)
        await line.history(60, ALL[-10].ts)
        handed_on = line.last
        venue.is_away = True
        with pytest.raises(Unavailable):
            await line.arrived([ALL[-10]], is_lossy=True)
        venue.is_away, venue.newest = False, ALL[-9].ts
        assert handed_on == line.last == ALL[-11].ts
        assert await line.arrived([ALL[-9]], is_lossy=False) == ALL[-10:-8]

    asyncio.run(work())
