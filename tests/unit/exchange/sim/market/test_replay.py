"""A recorded L2 book and its trades as the live market: exactly as recorded, met by own orders, or refused with why."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fixtures.recorded_book import LIVE, Rows, at, book, message, trades, write
from fixtures.simworld import open_accounts, order, play
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.order import OrderStatus
from jtrader.domain.times import MINUTE, SECOND
from jtrader.exchange.sim.market.market import build_market
from jtrader.exchange.sim.market.plan import MarketPlan
from jtrader.exchange.sim.world import World
from jtrader.matching.book import BUY, SELL
from jtrader.matching.entry import Style

PERP, SPOT = InstrumentId("binance_usdm:BTCUSDT"), InstrumentId("binance_spot:BTCUSDT")


def world_of(folder: Path, **plan: Any) -> World:
    told = {"seed": 1, "instruments": (PERP, SPOT), "live_start": None, "days": 1, "replay": folder}
    return World(build_market(MarketPlan(**(told | plan))))


@pytest.fixture
def replayed(tmp_path: Path) -> World:
    return world_of(write(tmp_path, book(), trades()))


def levels(world: World, side: int) -> dict[float, float]:
    return {
        level.ticks / 10: level.lots / 1000 for level in world.venues["binance_usdm"].books["BTCUSDT"].depth(side, 99)
    }


def test_only_what_was_recorded_is_served_in_its_whole_minutes(replayed: World) -> None:
    assert list(replayed.listings) == [PERP]
    assert (replayed.live_start, replayed.live_end) == (LIVE, LIVE + 4 * MINUTE)
    history = replayed.histories[PERP]
    before = history.klines(LIVE - 10 * MINUTE, LIVE)
    assert [kline.minute_ns for kline in before] == list(range(LIVE - 10 * MINUTE, LIVE, MINUTE))
    assert before[-1].close == 1_000_000, "generated history ends at the middle of the recorded book"


def test_the_book_stands_as_recorded_at_each_time(replayed: World) -> None:
    assert levels(replayed, BUY) == {99_999.9: 2.0, 99_999.0: 6.0, 99_998.5: 1.0}
    assert levels(replayed, SELL) == {100_000.1: 3.0, 100_001.0: 4.0}
    play(replayed, LIVE + 9 * SECOND)
    assert levels(replayed, SELL) == {100_000.1: 1.0, 100_001.0: 4.0}, "what the trades took is gone"
    play(replayed, LIVE + 11 * SECOND)
    assert levels(replayed, SELL) == {100_000.1: 1.0, 100_000.5: 2.5, 100_001.0: 4.0}
    play(replayed, LIVE + 31 * SECOND)
    assert levels(replayed, SELL) == {100_000.5: 2.5, 100_001.0: 4.0}
    assert max(levels(replayed, BUY)) == 100_000.0


def test_recorded_trades_print_one_by_one_with_their_ids(replayed: World) -> None:
    play(replayed, replayed.live_end)
    told = [
        (deal.id, (deal.ts - LIVE) / SECOND, deal.price / 10, deal.quantity / 1000, deal.buyer_is_taker)
        for deal in replayed.histories[PERP].tape.prints
    ]
    assert told == [
        (9_000_001, 5.0, 100_000.1, 1.5, True),
        (9_000_002, 5.0, 100_000.1, 0.5, True),
        (9_000_003, 38.0, 100_000.0, 0.7, False),
        (9_000_004, 48.0, 100_000.5, 2.5, True),
    ]
    first = replayed.market.first_trade_id(PERP, LIVE - MINUTE)
    count = replayed.histories[PERP].klines(LIVE - MINUTE, LIVE)[0].count
    assert first + count == 9_000_001, "ids have no hole where the recording begins"


def test_the_mark_is_the_middle_of_the_recorded_book(replayed: World) -> None:
    for seconds, mid in ((0, "100000.0"), (30, "100000.25")):
        assert replayed.market.mark(PERP, LIVE + seconds * SECOND) == Decimal(mid)
    assert replayed.market.index(PERP, LIVE) == pytest.approx(Decimal("100043"), abs=1)


def test_own_orders_meet_the_recorded_book_and_the_recorded_trades(replayed: World) -> None:
    account = open_accounts(replayed, "k")["binance_usdm"]
    ahead = order(replayed, PERP, "k", "0.4", SELL, "100000.0", Style.POST_ONLY)
    behind = order(replayed, PERP, "k", "0.2", SELL, "100000.1", Style.POST_ONLY)
    play(replayed, LIVE + 6 * SECOND)
    assert (ahead.left, behind.left) == (0, 200), "ours stood better, and three lots stood before the other"
    assert [trade.maker for trade in account.trades] == [True]
    taken = order(replayed, PERP, "k", "3.2", BUY)
    assert {trade.price for trade in account.trades[1:]} == {1_000_001, 1_000_010}
    assert taken.filled == 3_200
    assert behind.status is OrderStatus.EXPIRED, "nobody trades with himself"
    assert levels(replayed, SELL) == {100_001.0: 2.2}
    play(replayed, LIVE + 11 * SECOND)
    assert levels(replayed, SELL)[100_000.5] == 2.5, "a message about a price tells all that stands there"


def test_the_market_goes_on_from_the_last_recorded_trade(replayed: World) -> None:
    play(replayed, replayed.live_end)
    replayed.jump(replayed.live_end + 5 * MINUTE)
    history = replayed.histories[PERP]
    after = history.klines(replayed.live_end, replayed.now)
    assert len(after) == 5
    assert after[0].open == 1_000_005
    assert next(iter(history.prints_from(replayed.live_end))).id == 9_000_005


def test_a_spot_chain_and_a_second_snapshot(tmp_path: Path) -> None:
    rows = message(1, 0.0, [("bid", 99_999.0, 1.0), ("ask", 100_001.0, 1.0)], snapshot=True, last=10)
    rows += message(2, 1.0, [("bid", 99_999.5, 2.0)], first=9, last=12, previous=None)
    rows += message(3, 20.0, [("bid", 99_999.6, 2.0)], first=13, last=13, previous=None)
    rows += message(4, 60.0, [("bid", 99_990.0, 7.0), ("ask", 99_991.0, 1.0)], snapshot=True, last=90)
    rows += message(5, 200.0, [("ask", 99_991.0, 2.0)], first=91, last=91, previous=None)
    world = world_of(write(tmp_path, rows))
    play(world, LIVE + MINUTE)
    assert (levels(world, BUY), levels(world, SELL)) == ({99_990.0: 7.0}, {99_991.0: 1.0})
    assert not world.histories[PERP].tape.prints


def without(rows: Rows, seq: int) -> Rows:
    return [row for row in rows if row["seq"] != seq]


def changed(seq: int, **values: Any) -> Callable[[Rows], Rows]:
    return lambda rows: [row | values if row["seq"] == seq else row for row in rows]


BAD = [
    (lambda rows: without(rows, 2), "there is no snapshot"),
    (lambda rows: without(rows, 4), r"the update 105 to 105 does not follow 103: updates are missing"),
    (changed(4, price=100_000.13), "is not a multiple of 0.1"),
    (changed(4, price=-1.0), "is not a finite number above zero"),
    (changed(4, amount=float("nan")), "is not a finite number of at least zero"),
    (changed(4, side="left"), "neither bid nor ask"),
    (changed(4, ts=None), "only a snapshot may have none"),
    (changed(3, amount=None), "amount is missing"),
    (changed(5, side="bid", price=100_000.7, amount=1.0), "a book never crosses"),
    (changed(5, symbol="DOGEUSDT"), "can't be simulated"),
    (lambda rows: [row for row in rows if row["seq"] < 5], "no whole minute"),
]


@pytest.mark.parametrize(("change", "said"), BAD)
def test_a_bad_book_is_refused_with_file_and_reason(tmp_path: Path, change: Callable[[Rows], Rows], said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        world_of(write(tmp_path, change(book()), trades()))
    assert "book.parquet" in str(refused.value)


def test_other_bad_files_and_starts_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, book(), trades())
    with pytest.raises(BadInput, match="outside the recorded book"):
        world_of(folder, live_start=LIVE + 10 * MINUTE)
    with pytest.raises(BadInput, match="wanted is at least one of binance_spot"):
        world_of(folder, instruments=(SPOT,))
    with pytest.raises(BadInput, match="does not exist"):
        world_of(tmp_path / "none")
    with pytest.raises(BadInput, match="trade id 9000000 is there twice"):
        world_of(write(tmp_path, book(), trades() + trades()))
    (tmp_path / "trades.parquet").write_text("no parquet")
    with pytest.raises(BadInput, match="not a Parquet file"):
        world_of(folder)
    (tmp_path / "trades.parquet").unlink()
    candle = {"ts": at(0), "venue": "binance_usdm", "symbol": "BTCUSDT"} | dict.fromkeys(
        ("open", "high", "low", "close", "volume"), 1.0
    )
    pq.write_table(pa.Table.from_pylist([candle]), tmp_path / "candles.parquet")
    with pytest.raises(BadInput, match="give candles and funding as history"):
        world_of(folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(BadInput, match="holds no Parquet file"):
        world_of(empty)
