"""The stack's promises: what dies comes back, what is orphaned is found, what is taken is named, nothing is left."""

import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import psutil
import psycopg2
import pymongo
import pytest

from jtrader.app.settings import Settings, load_settings
from jtrader.app.stack import Progress, Stack, processes
from jtrader.app.stack.ports import NAMES
from jtrader.app.stack.postgres import connect
from jtrader.app.stack.service import Service, wait_until
from jtrader.app.stack.site import MARK, Site
from jtrader.app.stack.table import SERVICES
from jtrader.domain.errors import BadInput, Unavailable

DATABASES = ("postgres", "mongod")


def settings_in(home: Path, **more: object) -> Settings:
    return load_settings(home=home, stack={"base_port": 0}, **more)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(settings_in(tmp_path / "home"))
    yield stack
    stack.down()


def pid_of(stack: Stack, service: str) -> int | None:
    return next(row.pid for row in stack.status(memory=False) if row.service == service)


def is_healthy(stack: Stack, service: str) -> bool:
    return next(row.healthy for row in stack.status(memory=False) if row.service == service)


def kill_supervisor(stack: Stack) -> None:
    pid = stack.supervisor_pid()
    assert pid is not None
    daemon = psutil.Process(pid)
    daemon.kill()
    daemon.wait(10)


@pytest.mark.parametrize("service", DATABASES)
def test_a_killed_service_comes_back(stack: Stack, service: str) -> None:
    stack.up(services=[service])
    before = pid_of(stack, service)
    assert before is not None
    os.kill(before, signal.SIGKILL)
    wait_until(
        lambda: pid_of(stack, service) not in (None, before) and is_healthy(stack, service),
        60,
        f"{service}: back",
        Event(),
    )


def test_down_leaves_nothing_and_data_survives(stack: Stack) -> None:
    site = stack.up(services=DATABASES)
    with closing(connect(site.postgres("jtrader"))) as desk:
        desk.cursor().execute("CREATE TABLE kept AS SELECT 42 AS figure")
    with pymongo.MongoClient(site.mongo()) as client:
        client["jtrader"]["kept"].insert_one({"figure": 42})
    assert stack.down() == []
    assert processes.of_stack(stack.home) == []
    assert not stack.home.endpoints.exists()

    site = stack.up(services=DATABASES)
    with closing(connect(site.postgres("jtrader"))) as desk, desk.cursor() as cursor:
        cursor.execute("SELECT figure FROM kept")
        assert cursor.fetchone() == (42,)
    with pymongo.MongoClient(site.mongo()) as client:
        assert client["jtrader"]["kept"].count_documents({"figure": 42}) == 1


def test_other_ports_are_taken_on_by_existing_data(stack: Stack) -> None:
    site = stack.up(services=["mongod"])
    with pymongo.MongoClient(site.mongo()) as client:
        client["jtrader"]["kept"].insert_one({"figure": 42})
    stack.down()
    stack.home.ports.unlink()
    moved = stack.up(services=["mongod"])
    assert moved.ports["mongo"] != site.ports["mongo"]
    with pymongo.MongoClient(moved.mongo()) as client:
        assert client["jtrader"]["kept"].count_documents({"figure": 42}) == 1


@pytest.mark.parametrize("then", ["up", "down"])
def test_orphans_of_a_killed_supervisor_are_ended(stack: Stack, then: str) -> None:
    stack.up(services=DATABASES)
    orphans = {pid_of(stack, service) for service in DATABASES}
    kill_supervisor(stack)
    assert orphans <= {process.pid for process in processes.of_stack(stack.home)}
    if then == "up":
        seen: list[Progress] = []
        stack.up(seen.append, DATABASES)
        assert [progress for progress in seen if progress.stage == "orphan"]
        assert all(is_healthy(stack, service) for service in DATABASES)
    else:
        assert len(stack.down()) >= len(orphans)
    assert not any(pid and psutil.pid_exists(pid) for pid in orphans)


def test_grandchildren_are_found_by_the_mark(stack: Stack) -> None:
    """Such as a notebook server: in a session of its own, its parents gone."""
    stack.home.make()
    done = subprocess.run(
        ["setsid", "--fork", "sleep", "600"], env={**os.environ, MARK: str(stack.home.root)}, check=True
    )
    assert done.returncode == 0
    wait_until(lambda: len(processes.of_stack(stack.home)) == 1, 10, "the sleeper: seen", Event())
    assert "sleep 600" in stack.down()[0]
    assert processes.of_stack(stack.home) == []


def test_a_recycled_pid_is_not_ours(stack: Stack) -> None:
    """The record names this very process's pid, with another start time: it must not be touched."""
    stack.home.make()
    with subprocess.Popen(["sleep", "600"]) as stranger:
        line = Path(f"/proc/{stranger.pid}/stat").read_text()
        start = processes.parse_stat(line).start
        (stack.home.pids / "postgres").write_text(line.replace(f" {start} ", f" {start - 1} "))
        assert stack.down() == []
        assert stranger.poll() is None
        stranger.kill()


def test_a_taken_port_is_named_with_its_holder(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        stack = Stack(load_settings(home=tmp_path / "home", stack={"base_port": port - NAMES.index("postgres")}))
        try:
            with pytest.raises(BadInput) as refused:
                stack.up(services=["postgres"])
        finally:
            assert stack.down() == []
    assert f"port {port} (postgres) is held by pid {os.getpid()} (" in str(refused.value)
    assert not (tmp_path / "home" / "postgres").exists()


def test_an_interrupted_first_start_is_repaired(stack: Stack) -> None:
    half = stack.home.folder("postgres", "new")
    (half / "PG_VERSION").write_text("18\n")
    stack.up(services=["postgres"])
    assert is_healthy(stack, "postgres")


def test_external_databases_are_taken_instead(postgres: str, tmp_path: Path) -> None:
    stack = Stack(settings_in(tmp_path / "home", postgres_uri=postgres))
    try:
        site = stack.up(services=["postgres", "mongod"])
        row = next(row for row in stack.status() if row.service == "postgres")
        assert (row.state, row.healthy) == ("external", True)
        assert site.address("postgres_uri") == postgres
        assert "postgres_uri" not in site.endpoints()
        assert not (tmp_path / "home" / "postgres").exists()
    finally:
        stack.down()


def test_what_a_failed_start_began_is_stopped(tmp_path: Path) -> None:
    broken = Service(
        name="broken",
        group="tools",
        command=lambda site: [sys.executable, "-c", "print('no luck'); raise SystemExit(3)"],
        healthy=lambda site, pid: "never",
        needs=("mongod",),
    )
    stack = Stack(settings_in(tmp_path / "home"), (*SERVICES, broken))
    with pytest.raises(Unavailable, match=r"(?s)broken ends again and again.*no luck"):
        stack.up(services=["broken"])
    assert processes.of_stack(stack.home) == []


def test_two_starts_at_once_are_refused(stack: Stack) -> None:
    def second(progress: Progress) -> None:
        if progress.stage == "healthy":
            with pytest.raises(BadInput, match="another 'up' or 'down' is at work"):
                Stack(settings_in(stack.home.root)).up(services=["mongod"])
            refused.append(progress)

    refused: list[Progress] = []
    stack.up(second, ["mongod"])
    assert refused


def test_ctrl_c_stops_what_was_started(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with subprocess.Popen(
        [sys.executable, "-m", "jtrader", "up", "airflow-api-server", "--home", str(home)],
        env={**os.environ, "JTRADER_STACK__BASE_PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as command:
        stack = Stack(settings_in(home))
        log = stack.home.log_of("airflow-database")
        wait_until(log.exists, 60, "the migration: begins", Event())
        command.send_signal(signal.SIGINT)
        output, _ = command.communicate(timeout=60)
    try:
        assert command.returncode == 130
        assert "Ctrl-C" in output
        assert processes.of_stack(stack.home) == []
    finally:
        stack.down()


@pytest.mark.parametrize("name", ["long" * 30, "a spacious home"])
def test_an_unusual_home_works(tmp_path: Path, name: str) -> None:
    stack = Stack(settings_in(tmp_path / name))
    try:
        stack.up(services=DATABASES)
        assert all(is_healthy(stack, service) for service in DATABASES)
        assert len(os.fsencode(stack.home.supervisor_socket)) < 100
    finally:
        stack.down()


def test_secrets_are_private_and_stay_out_of_command_lines_and_logs(stack: Stack) -> None:
    site = stack.up(services=DATABASES)
    for file in (*site.home.secrets.iterdir(), site.home.endpoints, site.home.supervisor_config):
        assert file.stat().st_mode & 0o777 == 0o600, file
    secrets = [file.read_text() for file in site.home.secrets.iterdir()]
    lines = [" ".join(process.cmdline()) for process in processes.of_stack(stack.home)]
    logs = [file.read_text(errors="replace") for file in site.home.log.iterdir()]
    assert not [secret for secret in secrets for text in lines + logs if secret in text]


def test_an_external_server_gets_the_tools_databases_and_a_reader(databases: Site, tmp_path: Path) -> None:
    """With the rights for it the desk's user makes them; without, the message says what an administrator does."""
    name, password = f"desk_{uuid.uuid4().hex[:6]}", "wool-and-wire"
    with closing(connect(databases.postgres("postgres"))) as server, server.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        cursor.execute(f"CREATE DATABASE {name} OWNER {name}")
        uri = f"postgresql://{name}:{password}@127.0.0.1:{databases.ports['postgres']}/{name}"
        stack = Stack(settings_in(tmp_path / "home", postgres_uri=uri))
        try:
            with pytest.raises(BadInput, match="CREATEDB and CREATEROLE"):
                stack.up(services=["databases"])
            cursor.execute(f"ALTER ROLE {name} CREATEDB CREATEROLE")
            site = stack.up(services=["databases"])
            stack.up(services=["databases"])
            with closing(connect(site.postgres("airflow"))) as airflow:
                assert airflow.info.dbname == f"{name}_airflow"
            with closing(connect(site.postgres("jtrader", "analyst"))) as reader, pytest.raises(psycopg2.Error):
                reader.cursor().execute("CREATE TABLE mine (x int)")
        finally:
            stack.down()
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
            for tool in ("airflow", "mlflow", "hub"):
                cursor.execute(f"DROP DATABASE IF EXISTS {name}_{tool} WITH (FORCE)")
            cursor.execute(f"DROP ROLE IF EXISTS {name}_analyst")
            cursor.execute(f"DROP ROLE {name}")


def test_one_service_runs_in_the_foreground_as_in_a_container(tmp_path: Path) -> None:
    environment = {**os.environ, "JTRADER_HOME": str(tmp_path / "home"), "JTRADER_STACK__BASE_PORT": "0"}
    words = [sys.executable, "-m", "jtrader.app.stack.run"]

    def check() -> int:
        return subprocess.run(
            [*words, "mongod", "--check"], env=environment, capture_output=True, check=False
        ).returncode

    with subprocess.Popen([*words, "mongod"], env=environment, stdout=subprocess.DEVNULL) as service:
        try:
            ports = tmp_path / "home" / "run" / "ports.json"
            wait_until(ports.exists, 30, "the service: its ports", Event())
            wait_until(lambda: check() == 0, 60, "the service: healthy", Event())
        finally:
            service.terminate()
    assert check() == 1
    refused = subprocess.run([*words, "nothing"], env=environment, capture_output=True, text=True, check=False)
    assert (refused.returncode, "name one service" in refused.stderr) == (2, True)


def test_the_page_comes_up_on_an_empty_home(stack: Stack) -> None:
    """Its tables are there before it starts, though nothing has ever traded."""
    site = stack.up(services=["web"])
    assert is_healthy(stack, "web")
    with closing(connect(site.postgres("jtrader", "analyst"))) as reader, reader.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM positions")
        assert cursor.fetchone() == (0,)
