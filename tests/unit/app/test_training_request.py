"""What a training is planned on: pinned candles, and a pinned snapshot whose data changed is refused."""

from pathlib import Path

import pytest

from fixtures.small_models import PERPS, START, declare
from fixtures.synthetic_candles import momentum_candles
from jtrader.app.settings import Settings, load_settings
from jtrader.app.training.request import plan_training
from jtrader.domain.errors import BadInput
from jtrader.domain.market import Candle
from jtrader.domain.times import DAY, MINUTE
from jtrader.store.memory.candles import MemoryCandleStore
from jtrader.store.memory.snapshots import MemorySnapshots

END = START + 3 * DAY


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    declare(tmp_path / "models", "tiny", "logistic_pipeline")
    return load_settings(home=tmp_path, models=(tmp_path / "models",))


@pytest.fixture
def candles() -> MemoryCandleStore:
    store = MemoryCandleStore()
    for seed, name in enumerate(PERPS):
        store.upsert(momentum_candles(name, START, 3 * 1440, seed=seed))
    return store


def test_what_is_stored_is_pinned_with_the_day_before(settings: Settings, candles: MemoryCandleStore) -> None:
    snapshots = MemorySnapshots()
    request = plan_training(settings, candles, snapshots, (), 2, None)
    assert (request.start, request.end) == (END - 2 * DAY, END)
    assert snapshots.newest() == [request.snapshot]
    assert (request.snapshot.start, request.snapshot.end) == (END - 3 * DAY, END)
    again = plan_training(settings, candles, snapshots, (), 1, None, request.snapshot.id[:10])
    assert (again.snapshot, again.start, again.end) == (request.snapshot, request.start, request.end)


def test_a_snapshot_whose_data_changed_is_refused(settings: Settings, candles: MemoryCandleStore) -> None:
    snapshots = MemorySnapshots()
    pinned = plan_training(settings, candles, snapshots, (), 2, None).snapshot
    last = END - MINUTE
    candles.upsert([Candle(PERPS[0], last, 1.0, 1.0, 1.0, 1.0, 1.0)])
    with pytest.raises(
        BadInput, match=rf"{PERPS[0]} on 2026-01-13: 360 candles were pinned, 360 are stored, with other"
    ):
        plan_training(settings, candles, snapshots, (), 2, None, pinned.id)
    assert plan_training(settings, candles, snapshots, (), 2, None).snapshot.id != pinned.id


def test_what_can_not_be_trained_on_is_named(settings: Settings, candles: MemoryCandleStore) -> None:
    snapshots = MemorySnapshots()
    for change, says in (
        ({"days": 0}, "days = 0"),
        ({"snapshot": "f00"}, "'f00' is no snapshot"),
        ({"end": "2025-01-01"}, "no candle of"),
    ):
        with pytest.raises(BadInput, match=says):
            plan_training(settings, candles, snapshots, (), **({"days": 2, "end": None} | change))
    candles.remove(PERPS[1], 0, END)
    with pytest.raises(BadInput, match=r"not all of .* have candles"):
        plan_training(settings, candles, snapshots, (), 2, None)
