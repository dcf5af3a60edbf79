"""The past of a venue is read whole, whichever end its pages begin with, or it is said that it can't be."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from jtrader.domain.errors import Broken
from jtrader.exchange.ccxt.paging import Paged, Row, by_cursor, by_time

PAGE = 10


def rows(times: Sequence[int]) -> list[Row]:
    return [{"id": f"t{number}", "timestamp": ts, "info": {"billId": str(number)}} for number, ts in enumerate(times)]


def read_by_time(
    kept: Sequence[Row], newest_first: bool, heeds_end: bool, cap: int, bounds: tuple[int, int | None]
) -> Paged:
    async def ask(since: int, until: int | None) -> Sequence[Row]:
        end = until if until is not None and heeds_end else 2**62
        found = [row for row in kept if since <= row["timestamp"] <= end]
        return found[-cap:] if newest_first else found[:cap]

    return asyncio.run(by_time(ask, *bounds, PAGE))


STEADY = rows([100 + number // 3 for number in range(47)])
SPARSE = rows(range(100, 147))
CROWDED = rows([100] * 25)


@pytest.mark.parametrize("newest_first", [True, False], ids=["newest first", "oldest first"])
@pytest.mark.parametrize("bounds", [(0, None), (0, 500)], ids=["open", "bounded"])
@pytest.mark.parametrize(("kept", "cap"), [(STEADY, PAGE), (SPARSE, 4)], ids=["as asked", "smaller than asked"])
def test_pages_from_either_end_are_all_read(
    kept: Sequence[Row], cap: int, newest_first: bool, bounds: tuple[int, int | None]
) -> None:
    told = read_by_time(kept, newest_first, True, cap, bounds)
    assert sorted(row["id"] for row in told.rows) == sorted(row["id"] for row in kept)
    assert told.pages >= len(kept) / cap


@pytest.mark.parametrize(
    ("kept", "heeds_end", "cap"),
    [(STEADY, False, PAGE), (CROWDED, True, PAGE), (STEADY, True, 3)],
    ids=["no end is heeded", "too many of one millisecond", "too many for a smaller page"],
)
def test_what_cant_be_read_whole_is_refused(kept: Sequence[Row], heeds_end: bool, cap: int) -> None:
    with pytest.raises(Broken, match="can't be read whole"):
        read_by_time(kept, True, heeds_end, cap, (0, None))


def test_nothing_and_little_are_one_page() -> None:
    assert read_by_time([], True, True, PAGE, (0, None)) == Paged([], 0)
    assert read_by_time(STEADY[:3], True, False, PAGE, (0, None)) == Paged(STEADY[:3], 1)


@pytest.mark.parametrize("heeds", [True, False])
def test_numbers_lead_back_through_a_crowded_millisecond(heeds: bool) -> None:
    async def ask(older: Mapping[str, Any]) -> Sequence[Row]:
        below = int(older.get("after", 2**62)) if heeds else 2**62
        return [row for row in CROWDED if int(row["info"]["billId"]) < below][-PAGE:]

    if heeds:
        assert len(asyncio.run(by_cursor(ask, ("after", "billId"))).rows) == len(CROWDED)
    else:
        with pytest.raises(Broken, match="heeds no 'after'"):
            asyncio.run(by_cursor(ask, ("after", "billId")))


@pytest.mark.parametrize("row", [{"id": "1", "timestamp": None}, {"id": "1", "timestamp": 5, "info": {}}])
def test_a_row_without_time_or_number_is_broken(row: Row) -> None:
    async def ask(*_: Any) -> Sequence[Row]:
        return [row]

    with pytest.raises(Broken, match="a row has no"):
        asyncio.run(by_cursor(ask, ("after", "billId")) if row["timestamp"] else by_time(ask, 0, None, PAGE))
