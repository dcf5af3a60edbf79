"""What was last seen of the registry, on disk: the trader goes on with it while MLflow is away.

<root>/<model>/aliases.json   {alias: {"version": "3" | null, "seen": wall ns}}
<root>/<model>/<version>/     tags.json and the model's file, both renamed into place
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class VersionCache:
    def __init__(self, root: Path) -> None:
        self._root = root

    def remember_alias(self, name: str, alias: str, version: str | None, seen: int) -> None:
        aliases = self._aliases(name)
        aliases[alias] = {"version": version, "seen": seen}
        _write(self._root / name / "aliases.json", json.dumps(aliases).encode())

    def alias(self, name: str, alias: str) -> tuple[str | None, int] | None:
        """The version the alias pointed at and the wall time of that answer, or None where it was never asked."""
        entry = self._aliases(name).get(alias)
        return (entry["version"], int(entry["seen"])) if entry else None

    def remember_tags(self, name: str, version: str, tags: Mapping[str, str]) -> None:
        _write(self._root / name / version / "tags.json", json.dumps(dict(tags)).encode())

    def tags(self, name: str, version: str) -> dict[str, str] | None:
        return _read(self._root / name / version / "tags.json")

    def remember_file(self, name: str, version: str, file: Path) -> Path:
        kept = self._root / name / version / file.name
        _write(kept, file.read_bytes())
        return kept

    def file(self, name: str, version: str, file_name: str) -> Path | None:
        kept = self._root / name / version / file_name
        return kept if kept.is_file() else None

    def _aliases(self, name: str) -> dict[str, Any]:
        return _read(self._root / name / "aliases.json") or {}


def _read(file: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads(file.read_bytes()))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(file)
