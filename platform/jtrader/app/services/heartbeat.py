"""A service's sign of life: `<home>/run/health/<service>.json`, rewritten each second."""

import json
import os
import time
from pathlib import Path
from typing import Any

import msgspec

FRESH_SECONDS = 10.0


class Health(msgspec.Struct, frozen=True, kw_only=True):
    service: str
    pid: int
    wall: float
    ready: bool
    detail: dict[str, Any] = {}

    @property
    def is_fresh(self) -> bool:
        return time.time() - self.wall < FRESH_SECONDS


class Heartbeat:
    """Writes the file atomically; `beat` is cheap enough to call every second."""

    def __init__(self, home: Path, service: str) -> None:
        self._service = service
        self._file = home / "run" / "health" / f"{service}.json"
        self._file.parent.mkdir(parents=True, exist_ok=True)

    def beat(self, ready: bool, **detail: Any) -> None:
        record = {"service": self._service, "pid": os.getpid(), "wall": time.time(), "ready": ready, "detail": detail}
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(record))
        fresh.replace(self._file)


def read_health(home: Path, service: str) -> Health | None:
    """The last beat, or None where there is none or it can't be read."""
    try:
        return msgspec.json.decode((home / "run" / "health" / f"{service}.json").read_bytes(), type=Health)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
