"""The table of services: complete, ordered, and what is chosen from it."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from jtrader.app.settings import AccountSettings, Settings, load_settings
from jtrader.app.stack.service import Service
from jtrader.app.stack.table import SERVICES, all_needs, select, waves
from jtrader.domain.errors import BadInput

NONE: frozenset[str] = frozenset()


def names(services: list[Service]) -> list[str]:
    return [service.name for service in services]


def test_names_are_unique_and_needs_exist() -> None:
    known = [service.name for service in SERVICES]
    assert len(known) == len(set(known))
    assert {need for service in SERVICES for need in service.needs} <= set(known)


def test_the_table_stands_in_an_order_that_respects_the_needs() -> None:
    seen: set[str] = set()
    for service in SERVICES:
        assert set(service.needs) <= seen, service.name
        seen.add(service.name)


def test_every_port_belongs_to_one_service() -> None:
    ports = [port for service in SERVICES for port in service.ports]
    assert len(ports) == len(set(ports))


@pytest.mark.parametrize(
    ("wanted", "external", "expected"),
    [
        (["postgres"], NONE, ["postgres"]),
        (["mlflow"], NONE, ["postgres", "databases", "mlflow"]),
        (["airflow-scheduler"], NONE, ["postgres", "databases", "airflow-database", "airflow-scheduler"]),
        (["mlflow"], frozenset({"postgres_uri"}), ["databases", "mlflow"]),
        (["mlflow"], frozenset({"mlflow_uri"}), []),
        (["feed"], frozenset({"simulator_uri", "mongo_uri"}), ["feed"]),
    ],
)
def test_a_choice_brings_what_it_needs_and_leaves_out_what_is_external(
    wanted: list[str], external: frozenset[str], expected: list[str]
) -> None:
    assert names(select(wanted, external)) == expected


def test_an_unknown_service_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"unknown service 'postgress'; there are: postgres, mongod"):
        select(["postgress"], NONE)


def test_all_needs_reaches_through_steps() -> None:
    known = {service.name: service for service in SERVICES}
    assert all_needs(known["airflow-triggerer"]) == ["postgres", "databases", "airflow-database"]


def test_nothing_stops_before_those_that_need_it_even_through_a_step() -> None:
    running = [service for service in SERVICES if service.command]
    order = {service.name: number for number, wave in enumerate(waves(running)) for service in wave}
    assert set(order) == {service.name for service in running}
    for service in running:
        for need in all_needs(service):
            if need in order:
                assert order[service.name] < order[need], f"{need} stops before {service.name}"


def test_the_trader_is_idle_without_accounts() -> None:
    account = AccountSettings.model_validate(
        {"name": "alpha", "market": "binance_usdm", "broker": "sim", "key_file": "secrets/alpha.json"}
    )
    empty, trading = Settings(), Settings(accounts=(account,))
    assert {service.name for service in SERVICES if service.idle(empty)} == {"feed", "recorder", "oms", "strategies"}
    assert not [service.name for service in SERVICES if service.idle(trading)]


@pytest.mark.parametrize(
    "named", [{"crawl_instruments": ["binance_usdm:BTCUSDT"]}, {"recorder": {"kinds": ["trade"]}}], ids=str
)
def test_a_desk_without_accounts_records_what_it_names(tmp_path: Path, named: dict[str, Any]) -> None:
    settings = load_settings(home=tmp_path, **named)
    assert {service.name for service in SERVICES if service.idle(settings)} == {"oms", "strategies"}


def test_services_are_values() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SERVICES[0].name = "other"  # type: ignore[misc]
