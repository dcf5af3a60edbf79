"""What of a strategy outlives its process: its own state, and what people want of it, below `<home>/strategies/`."""

import json
import os
import time
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from jtrader.domain.errors import BadInput

OnStop = Literal["keep", "cancel", "flatten"]
"""What becomes of a strategy's orders and positions when it stops: all stays; what is not reduce-only is cancelled; all
is cancelled and the positions are closed at the market."""


T = TypeVar("T", bound=msgspec.Struct)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The rule's state and how far it had heard: `seq` of the journal, `clock` of the market, ns."""

    rule: str
    version: int
    seq: int
    clock: int
    state: dict[str, Any]


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What people changed: `params` over those of the settings; `stopped` is the sentence of who stopped it and why."""

    params: dict[str, Any] = {}
    stopped: str = ""


class Keeper:
    """The files of one strategy; each is replaced as a whole, after it is on disk."""

    def __init__(self, home: Path, name: str) -> None:
        self._folder = home / "strategies" / name

    def state(self, rule: str, version: int) -> Kept | None:
        """None where there is none. Raises BadInput for one that this rule can't go on from."""
        file = self._folder / "state.json"
        kept = _read(file, Kept)
        if kept is not None and (kept.rule, kept.version) != (rule, version):
            raise BadInput(
                f"{file} is the state of rule '{kept.rule}' version {kept.version}; this is '{rule}' version "
                f"{version}: move the file away to start afresh"
            )
        return kept

    def keep(self, kept: Kept) -> None:
        self._write("state.json", msgspec.json.encode(kept))

    def wishes(self) -> Wishes:
        return _read(self._folder / "wishes.json", Wishes) or Wishes()

    def wish(self, wishes: Wishes, actor: str, what: str, reason: str) -> None:
        """Keeps what is wanted now, and who wanted it, a line of `actions.jsonl`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        line = {"wall": time.time_ns(), "actor": actor, "what": what, "reason": reason}
        with (self._folder / "actions.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._write("wishes.json", msgspec.json.encode(wishes))

    def _write(self, name: str, text: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f"{name}.new"
        with fresh.open("wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / name)


def _read(file: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, OSError) as error:
        raise BadInput(f"{file} can't be read ({error}); move it away to start afresh") from error
