"""The stack for root, for an ordinary user, and below folders that are closed to other users."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jtrader.app.settings import CHECKOUT
from jtrader.app.stack import low_privilege

PYTHON = sys.executable
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to act as several users")


@pytest.fixture(scope="module")
def somebody() -> Iterator[str]:
    """An ordinary user, made for these tests."""
    name = f"jt-{uuid.uuid4().hex[:8]}"
    subprocess.run(["useradd", "--no-create-home", "--shell", "/bin/sh", name], check=True)
    yield name
    subprocess.run(["userdel", name], check=True, capture_output=True)


@pytest.fixture
def folder_of(somebody: str) -> Iterator[Path]:
    """A folder of theirs that nobody else may enter."""
    with tempfile.TemporaryDirectory(prefix="jt-user-") as folder:
        shutil.chown(folder, somebody, somebody)
        yield Path(folder)


def run(user: str | None, *words: str) -> subprocess.CompletedProcess[str]:
    prefix = ["runuser", "-u", user, "--"] if user else []
    return subprocess.run(
        [*prefix, PYTHON, "-m", "jtrader", *words],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT / "platform"), "JTRADER_STACK__BASE_PORT": "0"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def up_status_down(user: str | None, home: Path) -> dict[str, str]:
    """Starts, asks, stops; returns which user ran each service."""
    started = run(user, "up", "postgres", "mongod", "--home", str(home))
    assert started.returncode == 0, started.stderr
    rows = {row["service"]: row for row in json.loads(run(user, "status", "--json", "--home", str(home)).stdout)}
    users = {name: psutil.Process(rows[name]["pid"]).username() for name in ("postgres", "mongod")}
    assert rows["postgres"]["healthy"]
    assert rows["mongod"]["healthy"]
    stopped = run(user, "down", "--home", str(home))
    assert stopped.returncode == 0, stopped.stderr
    assert not any(psutil.pid_exists(rows[name]["pid"]) for name in users)
    return users


@as_root
def test_an_ordinary_user_runs_the_stack(somebody: str, folder_of: Path) -> None:
    if any(not parent.stat().st_mode & 0o001 for parent in Path(PYTHON).parents):
        pytest.skip("the checkout is below a folder that other users can't enter")
    assert up_status_down(somebody, folder_of / "home") == {"postgres": somebody, "mongod": somebody}


@as_root
def test_root_runs_postgres_as_another_user_even_below_a_closed_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert up_status_down(None, closed / "home") == {"postgres": low_privilege.USER, "mongod": "root"}


@as_root
def test_the_right_to_pass_closed_folders_is_given_only_where_one_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert "--ambient-caps=+dac_read_search" in low_privilege.prefix([tmp_path / "data"])
    assert not [word for word in low_privilege.prefix([Path("/usr/bin")]) if "caps" in word]


@as_root
def test_a_folder_that_may_not_be_written_is_refused_in_a_sentence(somebody: str) -> None:
    refused = run(somebody, "up", "postgres", "--home", "/var/nobody-may-write-here")
    assert refused.returncode == 2
    assert "can't be written" in refused.stderr
    assert "JTRADER_HOME" in refused.stderr
