"""The notebooks run from top to bottom on a small desk: real candles, features and P&L in real stores."""

from decimal import Decimal
from pathlib import Path

import nbformat
import numpy as np
import pyarrow as pa
import pytest
from nbclient import NotebookClient

from fixtures.stack import Mongo
from fixtures.synthetic_candles import momentum_candles
from jtrader.domain.books import PnlPoint, PositionState
from jtrader.domain.events import OrderFilled, Sequenced
from jtrader.domain.order import Fill, Side
from jtrader.domain.times import DAY, MINUTE, parse_time
from jtrader.ports.stores import Booked
from jtrader.store.lake.building import finish_building, start_building, write_day
from jtrader.store.mongo.candles import MongoCandleStore
from jtrader.store.mongo.connection import Mongo as Server
from jtrader.store.postgres.connection import connect
from jtrader.store.postgres.projection import PostgresProjection
from jtrader.store.postgres.schema import upgrade

CHECKOUT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))
PERP = "binance_usdm:BTCUSDT"
START = parse_time("2026-01-15T00:00:00Z")
MINUTES = 300


@pytest.fixture
def desk(tmp_path: Path, mongo: Mongo, postgres: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    with Server(mongo.uri, mongo.database) as server:
        MongoCandleStore(server).upsert(momentum_candles(PERP, START, MINUTES))
    _write_features(tmp_path / "lake" / "features")
    _write_trading(postgres)
    settings = {
        "JTRADER_HOME": str(tmp_path),
        "JTRADER_MONGO_URI": mongo.uri,
        "JTRADER_MONGO_DATABASE": mongo.database,
        "JTRADER_POSTGRES_URI": postgres,
        "PYTHONPATH": str(CHECKOUT / "platform"),
        "MPLBACKEND": "agg",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def _write_features(target: Path) -> None:
    ts = START + MINUTE * np.arange(MINUTES)
    rng = np.random.default_rng(1)
    rows = pa.table(
        {"instrument": [PERP] * MINUTES, "ts": ts, "a": rng.normal(size=MINUTES), "b": rng.normal(size=MINUTES)}
    )
    building = start_building(target)
    write_day(building, PERP, START // DAY, rows)
    bounds = (START, START + MINUTES * MINUTE)
    finish_building(building, target, [PERP], bounds, ["a", "b"], "c0ffee", "2026-01-16T00:00:00Z", 1)


def _write_trading(uri: str) -> None:
    upgrade(uri)
    engine = connect(uri)
    zero, one = Decimal(0), Decimal(1)
    fill = Fill(
        account="alpha",
        instrument=PERP,
        trade_id="1",
        venue_order_id="7",
        client_order_id=None,
        side=Side.BUY,
        price=Decimal(50_000),
        quantity=one,
        fee=one,
        fee_asset="USDT",
        maker=False,
        ts=START,
    )
    position = PositionState(account="alpha", strategy="s", instrument=PERP, settle="USDT", ts=START, quantity=one)
    points = [
        PnlPoint(
            ts=START + minute * MINUTE,
            account="alpha",
            strategy="s",
            asset="USDT",
            realised=Decimal(minute),
            unrealised=zero,
            fees=one,
            funding=zero,
        )
        for minute in range(3)
    ]
    PostgresProjection(engine).apply([Booked(Sequenced(1, OrderFilled(ts=START, fill=fill)))], [position], points)
    engine.dispose()


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda file: file.stem)
@pytest.mark.usefixtures("desk")
def test_a_notebook_runs_from_top_to_bottom(notebook: Path, tmp_path: Path) -> None:
    content = nbformat.read(notebook, as_version=4)
    done = NotebookClient(content, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= 3
    assert not [output for output in outputs if output.output_type == "error"]


def test_the_research_door_says_what_is_missing(tmp_path: Path) -> None:
    from jtrader.app.research import Desk
    from jtrader.domain.errors import BadInput

    with pytest.raises(BadInput, match="retrain_models"):
        Desk(home=tmp_path).features(PERP)


def test_notebooks_are_kept_without_outputs() -> None:
    assert NOTEBOOKS
    for notebook in NOTEBOOKS:
        cells = nbformat.read(notebook, as_version=4).cells
        assert not [cell for cell in cells if cell.cell_type == "code" and cell.outputs], notebook.name
