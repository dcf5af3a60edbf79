"""Ports, secrets, sockets and records of processes: what the stack keeps in files."""

import configparser
import json
import os
import shlex
import socket
import subprocess
from pathlib import Path

import pytest

from jtrader.app.settings import load_settings
from jtrader.app.stack import processes
from jtrader.app.stack.home import Home, socket_path, write_private
from jtrader.app.stack.ports import NAMES, assign_ports, is_taken, recorded_ports, refuse_taken
from jtrader.app.stack.secrets import Secrets
from jtrader.app.stack.service import Service
from jtrader.app.stack.site import Site, our_endpoints
from jtrader.app.stack.supervisor import RECORD_THEN_RUN, configuration
from jtrader.domain.errors import BadInput


def site_in(home: Path, external: frozenset[str] = frozenset(), **settings: object) -> Site:
    site = Site(load_settings(home=home, **settings), {name: 1000 + i for i, name in enumerate(NAMES)}, external)
    site.home.make()
    return site


def test_fixed_ports_count_from_the_base(tmp_path: Path) -> None:
    ports = assign_ports(17300, tmp_path / "ports.json")
    assert ports["web"] == 17300
    assert sorted(ports.values()) == list(range(17300, 17300 + len(NAMES)))
    assert recorded_ports(tmp_path / "ports.json") == ports


def test_free_ports_are_free_and_stay_the_same(tmp_path: Path) -> None:
    ports = assign_ports(0, tmp_path / "ports.json")
    assert not any(is_taken(port) for port in ports.values())
    assert assign_ports(0, tmp_path / "ports.json") == ports


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"web": 1}'])
def test_a_broken_record_of_ports_is_no_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "ports.json").write_text(text)
    assert recorded_ports(tmp_path / "ports.json") is None


def test_every_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        ports = {"web": first.getsockname()[1], "mongo": second.getsockname()[1]}
        with pytest.raises(BadInput) as refused:
            refuse_taken(ports, ports)
    for name, port in ports.items():
        assert f"port {port} ({name}) is held by pid {os.getpid()}" in str(refused.value)
    refuse_taken(ports, ports)


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    first = secrets.password("one", 64)
    assert len(first) == 64
    assert Secrets(tmp_path).password("one", 64) == first
    assert secrets.password("two") != first
    assert secrets.file("one").stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in tmp_path.iterdir()) == ["one", "two"]


def test_private_files_replace_loose_ones(tmp_path: Path) -> None:
    file = tmp_path / "endpoints.json"
    file.write_text("old")
    file.chmod(0o644)
    write_private(file, "new")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o600)


def test_a_socket_leaves_a_long_home(tmp_path: Path) -> None:
    short, long = Path("/home/me/var/run/s"), tmp_path / ("x" * 100) / "s"
    assert socket_path(short) == short
    moved = socket_path(long)
    try:
        assert len(os.fsencode(moved)) < 100
        assert moved == socket_path(long)
        assert moved.parent.stat().st_mode & 0o777 == 0o700
    finally:
        moved.parent.rmdir()


@pytest.mark.parametrize("name", ["sh", "a b", "we)ird (name", ") R 1 2 3"])
def test_a_process_line_is_read_whatever_its_name_holds(name: str) -> None:
    fields = " ".join(["S", *(str(number) for number in range(4, 22)), "987654", "23", "24"])
    assert processes.parse_stat(f"42 ({name}) {fields}") == processes.Started(42, 987654)


def test_a_service_records_itself_under_the_pid_and_start_that_it_keeps(tmp_path: Path) -> None:
    record = tmp_path / "sleeper"
    with subprocess.Popen(
        ["/bin/sh", "-c", RECORD_THEN_RUN, str(record), "cat"], stdin=subprocess.PIPE, text=True
    ) as cat:
        assert cat.stdin is not None
        while not record.exists():
            assert cat.poll() is None
        started = processes.parse_stat(record.read_text())
        assert started.pid == cat.pid
        assert processes.is_alive(started)
        assert not processes.is_alive(processes.Started(started.pid, started.start - 1))
        cat.stdin.close()
        cat.wait()
    assert not processes.is_alive(started)


def test_supervisors_configuration_keeps_awkward_words_and_no_password(tmp_path: Path) -> None:
    home = tmp_path / "a spacious home"
    site = site_in(home)
    awkward = 'say "hi" \\ 50%'
    service = Service(
        name="talker",
        group="tools",
        command=lambda site: ["echo", awkward],
        healthy=lambda site, pid: None,
        environment=lambda site: {"SHARE": "50%", "PLACE": "a b"},
    )
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";",), strict=True)
    parser.read_string(configuration(site, [service]))
    program = parser["program:talker"]
    assert shlex.split(program["command"] % {})[-2:] == ["echo", awkward]
    assert program["directory"] == str(home)
    assert program["environment"] == 'SHARE="50%%",PLACE="a b"'
    assert program["autorestart"] == "true"
    assert program["redirect_stderr"] == "true"


def test_addresses_from_outside_are_not_ours(tmp_path: Path) -> None:
    uri = "postgresql://desk:pw@db.example:5432/fund"
    site = site_in(tmp_path, frozenset({"postgres_uri"}), postgres_uri=uri)
    assert "postgres_uri" not in site.endpoints()
    assert site.address("postgres_uri") == uri
    assert site.postgres("airflow") == "postgresql://desk:pw@db.example:5432/fund_airflow"
    assert site.postgres("jtrader", "analyst").startswith("postgresql://fund_analyst:")
    assert site.shown_address("postgres_uri") == "postgresql://db.example:5432/fund"


def test_endpoints_of_a_broken_file_are_none(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    assert our_endpoints(home) == {}
    home.endpoints.write_text("{")
    assert our_endpoints(home) == {}
    home.endpoints.write_text(json.dumps({"web_uri": "http://127.0.0.1:1"}))
    assert our_endpoints(home) == {"web_uri": "http://127.0.0.1:1"}


def test_the_callers_settings_reach_the_services_and_nothing_else_of_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JTRADER_CRAWL_DAYS", "7")
    monkeypatch.setenv("SOME_TOKEN", "hush")
    environment = site_in(tmp_path).environment
    assert environment["JTRADER_CRAWL_DAYS"] == "7"
    assert environment["JTRADER_HOME"] == str(tmp_path)
    assert "SOME_TOKEN" not in environment


@pytest.mark.parametrize("name", ["a;b", "a%b", "a #b", 'a"b', "a\nb"])
def test_a_home_that_supervisor_would_misread_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="set JTRADER_HOME to a path without"):
        Home(tmp_path / name).make()
    assert list(tmp_path.iterdir()) == []
