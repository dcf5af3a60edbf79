"""The one door for notebooks: the desk's candles, features, fills and P&L as pandas frames, read-only.

```python
from jtrader.app.research import Desk

desk = Desk()
desk.candles("binance_usdm:BTCUSDT").close.plot()
```
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.data import open_stores
from jtrader.app.wiring.reading import open_reader
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import parse_time
from jtrader.ports.learning import Manifest
from jtrader.store.lake.dataset import LakeDataset
from jtrader.store.postgres.reader import PostgresReader

FOREVER = 1 << 62


class Desk:
    """Every frame is indexed by market time (UTC). Amounts are for drawing: the exact ones stay in the books."""

    def __init__(self, home: Path | str | None = None) -> None:
        self._settings: Settings = load_settings(**({"home": home} if home is not None else {}))

    def candles(self, instrument: str, start: str | None = None, end: str | None = None) -> pd.DataFrame:
        """1-minute candles: open, high, low, close in quote, volume in base; `start` ≤ time < `end` (ISO)."""
        since, until = parse_time(start) if start else 0, parse_time(end) if end else FOREVER
        with open_stores(self._settings) as stores:
            rows = [msgspec.structs.asdict(c) for c in stores.candles.read(InstrumentId(instrument), since, until)]
        return _by_time(rows, "ts").drop(columns="instrument", errors="ignore")

    def manifest(self) -> Manifest:
        """What the newest feature data set is made of."""
        return self._dataset().manifest

    def features(self, instrument: str, names: Sequence[str] | None = None) -> pd.DataFrame:
        """The newest data set's features of an instrument, as the model learnt from them."""
        data = self._dataset()
        table = data.columns(["instrument", "ts", *(names or data.manifest.features)])
        rows = table.to_pandas()
        return _by_time(rows[rows.instrument == instrument], "ts").drop(columns="instrument")

    def fills(self, limit: int = 10_000) -> pd.DataFrame:
        with self._reader() as reader:
            return _by_time([msgspec.structs.asdict(fill) for fill in reader.fills(limit)], "ts")

    def pnl(self, limit: int = 100_000) -> pd.DataFrame:
        """Net P&L over market time: one column a strategy and asset."""
        with self._reader() as reader:
            points = _by_time([msgspec.structs.asdict(point) for point in reader.pnl(limit)], "ts")
        if points.empty:
            return points
        points["net"] = (points.realised + points.unrealised + points.funding - points.fees).astype(float)
        points["line"] = points.strategy + " (" + points.asset + ")"
        return points.pivot_table(index="time", columns="line", values="net", aggfunc="last").ffill()

    def statements(self, limit: int = 60) -> pd.DataFrame:
        """Reconciled days, newest first."""
        with self._reader() as reader:
            rows = [{"verdict": s.verdict, **msgspec.structs.asdict(s)} for s in reader.statements(limit)]
        return pd.DataFrame(rows)

    def query(self, sql: str) -> pd.DataFrame:
        """Any SELECT on the desk's Postgres."""
        with self._reader() as reader:
            return pd.DataFrame([dict(row) for row in reader.query(sql)])

    def _dataset(self) -> LakeDataset:
        lake = self._settings.root / "lake"
        found = sorted(lake.rglob("manifest.json"), key=lambda file: file.stat().st_mtime)
        if not found:
            raise BadInput(f"no data set lies below {lake}; the DAG retrain_models builds one")
        return LakeDataset(found[-1].parent)

    @contextmanager
    def _reader(self) -> Iterator[PostgresReader]:
        with open_reader(self._settings) as reader:
            yield reader


def _by_time(rows: Any, column: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    if frame.empty:
        return frame
    frame.index = pd.to_datetime(frame.pop(column), unit="ns", utc=True).rename("time")
    return frame.sort_index()
