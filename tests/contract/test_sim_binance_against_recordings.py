"""The simulated Binance's messages have the fields and types of messages that were recorded from the venue itself."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest

from fixtures.binance_requests import Stream
from fixtures.recordings import Recording, recordings
from fixtures.simulator import BINANCE, COINM, Simulator, StartSimulator

FILES = ("raw_ws_venues.parquet", "raw_ws_binance_usdm_btcusdt_20230404.parquet")
HOSTS = {
    "binance": ("stream", "btcusdt"),
    "binance_futures": ("fstream", "btcusdt"),
    "binance_usdm": ("fstream", "btcusdt"),
    "binance_delivery": ("dstream", "btcusd_perp"),
}


def shape(value: Any) -> Any:
    """Names and types; of lists what all their entries have."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in sorted(value.items())}
    if isinstance(value, list):
        shapes = [shape(one) for one in value]
        assert all(one == shapes[0] for one in shapes)
        return shapes[:1]
    return type(value).__name__


def with_levels(shapes: Any, name: str) -> Any:
    """A message may change one side of the book alone: both sides count as levels."""
    if name.startswith("depth"):
        return shapes | {"b": [["str"]], "a": [["str"]]}
    return shapes


@pytest.fixture(scope="module", params=recordings(FILES[0]))
def recording(request: pytest.FixtureRequest) -> Recording:
    found: Recording = request.param
    return found


@pytest.fixture(scope="module")
def recorded(recording: Recording) -> dict[tuple[str, str], Any]:
    """The shape of each kind of message by venue; every message of a kind has the same."""
    found: dict[tuple[str, str], Any] = {}
    for file in FILES:
        table = pq.read_table(recording.beside(file), columns=["venue", "payload"])
        for row in table.to_pylist():
            if row["venue"] not in HOSTS or not row["payload"].startswith(b'{"stream"'):
                continue
            message = json.loads(row["payload"])
            kind = message["stream"].partition("@")[2]
            told = with_levels(shape(message["data"]), kind)
            assert found.setdefault((row["venue"], kind), told) == told
    return found


@pytest.fixture(scope="module")
def simulator(start_simulator: StartSimulator) -> Iterator[Simulator]:
    mine = start_simulator(instruments=BINANCE + COINM, days=1)
    mine.run(60.0)
    yield mine
    mine.stop()


@pytest.mark.parametrize("venue", HOSTS)
def test_stream_messages_are_shaped_as_recorded(
    recorded: dict[tuple[str, str], Any], simulator: Simulator, venue: str
) -> None:
    host, symbol = HOSTS[venue]
    kinds = [kind for name, kind in recorded if name == venue]
    assert len(kinds) >= 4

    async def run() -> dict[str, Any]:
        seen: dict[str, Any] = {}
        names = "/".join(f"{symbol}@{kind}" for kind in kinds)
        async with Stream(simulator.uri, host, f"/stream?streams={names}") as stream:
            while len(seen) < len(kinds):
                message = await stream.next()
                seen[message["stream"].partition("@")[2]] = message["data"]
        return seen

    seen = asyncio.run(run())
    for kind in kinds:
        assert with_levels(shape(seen[kind]), kind) == recorded[venue, kind], kind


def test_snapshots_are_shaped_as_recorded(recording: Recording, simulator: Simulator) -> None:
    table = pq.read_table(recording.path, columns=["venue", "payload"])
    found: dict[str, Any] = {}
    for row in table.to_pylist():
        if row["venue"] in HOSTS and row["payload"].startswith(b'{"lastUpdateId"'):
            found[row["venue"]] = shape(json.loads(row["payload"]))
    assert set(found) == {"binance", "binance_futures"}
    doors = {"binance": ("api", "/api/v3/depth"), "binance_futures": ("fapi", "/fapi/v1/depth")}
    for venue, (host, path) in doors.items():
        answer = simulator.get(f"{host}.binance.com", path, symbol="BTCUSDT", limit=100)
        assert shape(answer) == found[venue], venue
