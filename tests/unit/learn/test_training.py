"""Training on a data set in memory: it finds what was planted, finds nothing in a coin, and is recorded once."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from fixtures.synthetic_candles import momentum_candles
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.times import MINUTE, iso, parse_time
from jtrader.features import Columns, batch
from jtrader.features.labels import direction
from jtrader.learn.declaration import Declaration
from jtrader.learn.gate import judge
from jtrader.learn.promotion import Override, promote
from jtrader.learn.record import Recorder
from jtrader.learn.samples import gather
from jtrader.learn.training import train
from jtrader.ports.learning import Manifest
from jtrader.registry.memory import MemoryModelStore, MemoryTracker

BTC, ETH = "binance_usdm:BTCUSDT", "binance_usdm:ETHUSDT"
START = parse_time("2026-01-10T00:00:00Z")
MINUTES = 4_000
FEATURES = ("momentum_10m", "return_15m")


class Rows:
    """A Dataset in memory."""

    def __init__(self, share: float, instruments: tuple[str, ...] = (BTC, ETH), minutes: int = MINUTES) -> None:
        tables = []
        for seed, name in enumerate(instruments):
            columns = Columns.of(momentum_candles(name, START, minutes, seed=seed, share=share))
            arrays = {key: getattr(columns, key) for key in ("ts", "open", "high", "low", "close", "volume")}
            tables.append(pa.table({"instrument": [name] * len(columns), **arrays, **batch(list(FEATURES), columns)}))
        self._table = pa.concat_tables(tables)
        self.manifest = Manifest(
            hash=f"{share}-{minutes}",
            path="",
            instruments=instruments,
            start=START,
            end=START + minutes * MINUTE,
            rows=self._table.num_rows,
            features=FEATURES,
            commit="c0ffee",
            created="",
        )

    def columns(self, names) -> pa.Table:
        return self._table.select(list(names))


def declared(algorithm: str = "logistic_pipeline", **changes) -> Declaration:
    fields = {
        "name": "small",
        "about": "For tests.",
        "universe": (BTC, ETH),
        "features": FEATURES,
        "label": {"horizon_minutes": 15},
        "algorithm": {"name": algorithm},
        "validation": {"folds": 3, "embargo_minutes": 60},
        "serving": {"band": 0.05},
        "gates": {"min_rows": 1000, "min_auc": 0.55, "min_net_return": 0.0},
    }
    return Declaration.model_validate(fields | changes)


@pytest.fixture(scope="module")
def planted() -> Rows:
    return Rows(share=0.3)


def test_samples_carry_labels_and_mark_what_is_complete(planted: Rows) -> None:
    samples = gather(planted, (ETH, BTC), FEATURES, horizon_minutes=15)
    assert samples.instruments == (ETH, BTC)
    assert len(samples) == 2 * MINUTES
    columns = Columns.of(momentum_candles(ETH, START, MINUTES, seed=1, share=0.3))
    np.testing.assert_array_equal(samples.label[:MINUTES], direction(columns, 15))
    assert np.isnan(samples.label[MINUTES - 15 : MINUTES]).all()
    assert not samples.complete[:45].any()
    assert samples.complete[46:MINUTES].all()
    np.testing.assert_array_equal(samples.label_end, samples.ts + 16 * MINUTE)


@pytest.mark.parametrize("algorithm", ["logistic_pipeline", "lightgbm_classifier"])
def test_a_planted_edge_is_found_and_pays(planted: Rows, algorithm: str) -> None:
    trained = train(declared(algorithm), planted)
    assert trained.metrics["auc"] > 0.65
    assert trained.metrics["net_return"] > 0
    assert trained.metrics["worst_fold_auc"] == min(trained.fold_auc)
    assert len(trained.fold_auc) == 3
    assert judge(trained.declaration.gates, trained.metrics, None).passed
    assert iso(trained.trained_to) == iso(START + MINUTES * MINUTE)
    assert sum(trained.importance.values()) == pytest.approx(1.0)
    again = train(declared(algorithm), planted)
    assert again.metrics == trained.metrics
    np.testing.assert_array_equal(again.fitted.predict(trained.example), trained.fitted.predict(trained.example))


def test_a_coin_is_refused() -> None:
    trained = train(declared("lightgbm_classifier"), Rows(share=0.0))
    verdict = judge(trained.declaration.gates, trained.metrics, None)
    assert 0.4 < trained.metrics["auc"] < 0.55
    assert not verdict.passed
    assert "auc" in verdict.text


def test_what_is_judged_was_never_learnt_from(planted: Rows) -> None:
    """Prices of the last block turned around, features kept: a model that has seen none of it is then wrong there."""

    class Turned(Rows):
        def columns(self, names):
            table = super().columns(names)
            late = table.column("ts").to_numpy() >= START + (MINUTES * 3 // 4) * MINUTE
            if "close" not in names:
                return table
            for name in ("open", "high", "low", "close"):
                prices = table.column(name).to_numpy().copy()
                prices[late] = 1e9 / prices[late]
                table = table.set_column(table.column_names.index(name), name, pa.array(prices))
            return table

    straight, turned = train(declared(), planted), train(declared(), Turned(share=0.3))
    assert turned.fold_auc[0] == straight.fold_auc[0]
    assert turned.fold_auc[2] < 0.5 < straight.fold_auc[2]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (Rows(0.3, minutes=50), "no minute has all its features and a label|hold no example of one direction"),
        (Rows(0.3, instruments=(BTC,)), "holds no minute of binance_usdm:ETHUSDT from 2026-01-10"),
    ],
)
def test_too_little_data_is_named(rows: Rows, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        train(declared(), rows)


class Wavering(MemoryModelStore):
    """Goes away once, in the middle of the first registration, after the run was begun."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 1

    def register(self, *arguments, **named) -> str:
        if self.failures:
            self.failures -= 1
            raise Unavailable("gone")
        return super().register(*arguments, **named)


def test_recording_leaves_a_run_a_version_and_the_alias(planted: Rows, tmp_path: Path) -> None:
    trained = train(declared(), planted)
    verdict = judge(trained.declaration.gates, trained.metrics, None)
    tracker, store = MemoryTracker(), Wavering()
    recorder = Recorder(tracker, store, "c0ffee", dirty=False)
    with pytest.raises(Unavailable):
        recorder.record(trained, verdict, planted.manifest)
    assert [run.status for run in tracker.runs.values()] == ["FAILED"]
    assert store.version("small", "challenger") is None

    recorded = recorder.record(trained, verdict, planted.manifest)
    run = tracker.runs[recorded.run_id]
    assert (run.status, run.datasets, run.params["horizon_minutes"]) == ("FINISHED", [planted.manifest], "15")
    assert run.metrics["auc"] == trained.metrics["auc"]
    assert "plots/calibration.png" in run.artifacts
    assert (recorded.version, store.version("small", "challenger")) == ("1", "1")
    tags = store.tags("small", "1")
    assert (tags["gate"], tags["commit"], tags["data_manifest"]) == ("passed", "c0ffee", planted.manifest.hash)
    assert tags["allowed_brokers"] == "sim,paper,live"

    twice = recorder.record(trained, verdict, planted.manifest)
    assert (twice.version, twice.run_id, len(tracker.runs)) == ("1", None, 2)
    other = Recorder(tracker, store, "beef", dirty=False).record(trained, verdict, planted.manifest)
    assert other.version == "2"
    changed = Recorder(tracker, store, "c0ffee", dirty=True)
    assert [changed.record(trained, verdict, planted.manifest).version for _ in range(2)] == ["3", "3"]


@pytest.fixture
def versions(planted: Rows) -> MemoryModelStore:
    """Version 1 passed, version 2 was refused, version 3 passed and is the challenger."""
    store, trained = MemoryModelStore(), train(declared(), planted)
    for number, gate in enumerate(("passed", "refused", "passed"), start=1):
        tags = {"gate": gate, "gate_reasons": f"r{number}", "commit": "c", "allowed_brokers": "sim,paper,live"}
        store.register("small", trained.fitted.native, "sklearn", FEATURES, trained.example, planted.manifest, tags)
    store.set_alias("small", "challenger", "3")
    return store


def test_promotion_remembers_the_champion_before(versions: MemoryModelStore) -> None:
    assert promote(versions, "small", "1").previous is None
    made = promote(versions, "small")
    assert (made.version, made.previous, made.changed) == ("3", "1", True)
    assert (versions.version("small", "champion"), versions.version("small", "previous")) == ("3", "1")
    again = promote(versions, "small")
    assert (again.changed, again.previous) == (False, "1")
    back = promote(versions, "small", "1")
    assert (back.version, back.previous) == ("1", "3")


def test_a_refused_version_needs_a_named_override_and_never_reaches_live(versions: MemoryModelStore) -> None:
    with pytest.raises(BadInput, match=r"small version 2 did not pass its gate \(r2\)"):
        promote(versions, "small", "2")
    assert versions.version("small", "champion") is None
    made = promote(versions, "small", "2", Override(by="ann", reason="rehearsal"))
    assert (made.gate, made.allowed_brokers, made.override_by) == ("refused", "sim,paper", "ann")
    assert versions.load("small", "2").ref.allowed_brokers == ("sim", "paper")
    assert versions.tags("small", "2")["override_reason"] == "rehearsal"
    promote(versions, "small", "1")
    assert promote(versions, "small", "2").changed, "what was overridden once can be rolled back to"


def test_overrides_without_a_name_a_reason_or_a_need_are_refused(versions: MemoryModelStore) -> None:
    for by, reason in (("", "x"), ("ann", " ")):
        with pytest.raises(BadInput, match="needs both a name"):
            Override(by=by, reason=reason)
    with pytest.raises(BadInput, match="passed its gate: promote it without an override"):
        promote(versions, "small", "1", Override(by="ann", reason="x"))


def test_unknown_models_and_versions_are_named(versions: MemoryModelStore) -> None:
    with pytest.raises(BadInput, match="model 'nope' has no challenger"):
        promote(versions, "nope")
    with pytest.raises(BadInput, match="no version 9"):
        promote(versions, "small", "9")
