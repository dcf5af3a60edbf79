"""Real recorded books and trades as the live market: they are served exactly, and own orders meet them."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from fixtures.simmarket import SHARED_DATA
from fixtures.simworld import open_accounts, order, play
from jtrader.domain.ids import InstrumentId
from jtrader.domain.order import OrderStatus
from jtrader.domain.times import MINUTE, SECOND, iso
from jtrader.exchange.sim.market.market import build_market
from jtrader.exchange.sim.market.plan import MarketPlan
from jtrader.exchange.sim.world import World
from jtrader.matching.book import BUY, SELL

pytestmark = pytest.mark.skipif(not SHARED_DATA.exists(), reason=f"the recorded data is not at {SHARED_DATA}")

TICKS, LOTS = {"usdm": 0.1, "spot": 0.01}, {"usdm": 0.001, "spot": 0.00001}


def world_of(folder: Path, kind: str) -> World:
    """2024-08-08 23:55 to 24:00, the whole minutes of the recording."""
    for file in (f"l2_binance_{kind}_btcusdt_20240808.parquet", f"trades_binance_{kind}_20240808.parquet"):
        (folder / file).symlink_to(SHARED_DATA / file)
    instrument = InstrumentId(f"binance_{kind}:BTCUSDT")
    return World(build_market(MarketPlan(seed=1, instruments=(instrument,), live_start=None, days=1, replay=folder)))


def recorded_trades(kind: str, start: int, end: int) -> list[tuple[int, int, int, int, bool]]:
    table = pq.read_table(SHARED_DATA / f"trades_binance_{kind}_20240808.parquet").to_pandas()
    table = table[table["symbol"] == "BTCUSDT"].sort_values("trade_id")
    ts = table["ts"].astype("int64").to_numpy()
    chosen = (ts >= start) & (ts <= end)
    rows = table[chosen]
    columns = (
        rows["trade_id"].tolist(),
        ts[chosen].tolist(),
        np.rint(rows["price"] / TICKS[kind]).astype(int).tolist(),
        np.rint(rows["amount"] / LOTS[kind]).astype(int).tolist(),
        (rows["side"] == "buy").tolist(),
    )
    return list(zip(*columns, strict=True))


class Recorded:
    """The book as the file's own description says to rebuild it."""

    def __init__(self, kind: str) -> None:
        table = (
            pq.read_table(SHARED_DATA / f"l2_binance_{kind}_btcusdt_20240808.parquet").to_pandas().sort_values("seq")
        )
        snapshot = table[table["is_snapshot"]]
        later = table[~table["is_snapshot"] & (table["last_update_id"] >= snapshot["last_update_id"].iloc[0])]
        self._rows = zip(
            [0] * len(snapshot) + later["ts"].astype("int64").tolist(),
            [*snapshot["side"], *later["side"]],
            np.rint(np.concatenate((snapshot["price"], later["price"])) / TICKS[kind]).astype(int).tolist(),
            np.concatenate((snapshot["amount"], later["amount"])).tolist(),
            strict=True,
        )
        self._lot = LOTS[kind]
        self._next = next(self._rows)
        self.sides: dict[str, dict[int, int]] = {"bid": {}, "ask": {}}

    def at(self, now: int) -> tuple[dict[int, int], dict[int, int]]:
        while self._next[0] <= now:
            _, side, ticks, amount = self._next
            if amount:
                self.sides[side][ticks] = max(round(amount / self._lot), 1)
            else:
                self.sides[side].pop(ticks, None)
            self._next = next(self._rows)
        return self.sides["bid"], self.sides["ask"]


def own_book(world: World, kind: str) -> tuple[dict[int, int], dict[int, int]]:
    book = world.venues[f"binance_{kind}"].books["BTCUSDT"]
    bids, asks = ({level.ticks: level.lots for level in book.depth(side, 100_000)} for side in (BUY, SELL))
    return bids, asks


def last_quotes(now: int) -> tuple[float, float]:
    """Best bid and ask of BTCUSDT as another stream recorded them."""
    quotes = pq.read_table(SHARED_DATA / "l1_binance_usdm_20240808.parquet").to_pandas()
    quotes = quotes[(quotes["symbol"] == "BTCUSDT") & (quotes["ts"].astype("int64") <= now)]
    last = quotes.sort_values("update_id").iloc[-1]
    return last["bid_price"], last["ask_price"]


@pytest.mark.parametrize("kind", ["usdm", "spot"])
def test_the_recorded_market_is_served_exactly(tmp_path: Path, kind: str) -> None:
    world = world_of(tmp_path, kind)
    instrument = InstrumentId(f"binance_{kind}:BTCUSDT")
    assert (iso(world.live_start), iso(world.live_end)) == ("2024-08-08T23:55:00Z", "2024-08-09T00:00:00Z")
    recorded = Recorded(kind)
    for turn in range(1, 11):
        play(world, world.live_start + turn * 29 * SECOND)
        bids, asks = own_book(world, kind)
        assert max(bids) < min(asks)
        for mine, told in zip((bids, asks), recorded.at(world.now), strict=True):
            differing = [at for at in {*mine, *told} if mine.get(at, 0) != told.get(at, 0)]
            assert all(mine.get(at, 0) < told.get(at, 0) for at in differing), "what trades took since"
            assert len(differing) < 12
    play(world, world.live_end - SECOND // 4)
    if kind == "usdm":
        bids, asks = own_book(world, kind)
        assert (max(bids) / 10, min(asks) / 10) == last_quotes(world.now)
    play(world, world.live_end)
    printed = [
        (deal.id, deal.ts, deal.price, deal.quantity, deal.buyer_is_taker)
        for deal in world.histories[instrument].tape.prints
    ]
    assert printed == recorded_trades(kind, world.live_start, world.live_end)
    assert len(printed) > 8_000


def test_own_orders_meet_the_recorded_market(tmp_path: Path) -> None:
    world = world_of(tmp_path, "usdm")
    account = open_accounts(world, "k")["binance_usdm"]
    play(world, world.live_start + 10 * SECOND)
    best = max(own_book(world, "usdm")[0])
    resting = [order(world, "binance_usdm:BTCUSDT", "k", "0.05", BUY, f"{(best - 50 * i) / 10:.1f}") for i in range(6)]
    ahead = world.venues["binance_usdm"].books["BTCUSDT"].lots_at(BUY, best) - 50
    taken = order(world, "binance_usdm:BTCUSDT", "k", "0.2", SELL)
    assert taken.status is OrderStatus.FILLED
    play(world, world.live_start + 3 * MINUTE)
    filled = [one for one in resting if one.status is OrderStatus.FILLED]
    assert ahead > 0
    assert filled, "the recorded price ran through some of them"
    for trade in account.trades:
        assert trade.id in {deal.id for deal in world.histories[InstrumentId("binance_usdm:BTCUSDT")].tape.prints}
