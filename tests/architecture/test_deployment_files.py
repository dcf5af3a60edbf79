"""Containers and the pipeline: safe, complete, made of make targets."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from jtrader.app.stack.table import SERVICES

CHECKOUT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
PIPELINE: dict[str, Any] = yaml.safe_load((CHECKOUT / "teamcity" / "pipeline.yml").read_text())
PIPELINE_SCHEMA = CHECKOUT.parent / "shared" / "schemas" / "teamcity-pipeline.schema.json"
KNOWN_IMAGES = {
    "jtrader:local",
    "metabase/metabase:v0.64.2.2",
    "mongo:8.0.29-noble",
    "postgres:17.11-bookworm",
}
DATABASES = {"postgres", "mongo"}


def ours() -> dict[str, Any]:
    return {name: service for name, service in COMPOSE["services"].items() if service["image"] == "jtrader:local"}


def test_compose_runs_every_service_of_the_stack() -> None:
    processes = {service.name for service in SERVICES if service.command} - {"postgres", "mongod"}
    assert set(ours()) == processes
    assert all(service["command"] == [name] for name, service in ours().items())
    assert set(COMPOSE["services"]) > DATABASES


def test_images_are_pinned_to_tags_that_exist() -> None:
    assert {service["image"] for service in COMPOSE["services"].values()} == KNOWN_IMAGES


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_nothing_listens_to_other_machines(name: str) -> None:
    service = COMPOSE["services"][name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert service["healthcheck"]["test"]


def test_compose_holds_no_secret() -> None:
    for service in COMPOSE["services"].values():
        for key, value in service.get("environment", {}).items():
            if re.search("PASS|KEY|SECRET|TOKEN|URI", key):
                assert re.search(r"\$\{\w+(:\?[^}]*)?\}", str(value)), key
    example = (CHECKOUT / "docker" / "desk.env.example").read_text()
    named = set(re.findall(r"\$\{(\w+)", (CHECKOUT / "docker-compose.yml").read_text()))
    assert named == set(re.findall(r"^(\w+)=$", example, flags=re.MULTILINE))


def test_the_image_is_built_from_the_lock_and_runs_without_root() -> None:
    text = (CHECKOUT / "docker" / "jtrader" / "Dockerfile").read_text()
    assert text.count("uv sync --locked") == 2
    users = re.findall(r"^USER (\S+)$", text, flags=re.MULTILINE)
    assert users == ["1000"]
    assert "ENV JTRADER_COMMIT=$JTRADER_COMMIT" in text
    assert all("JTRADER_COMMIT" in service["build"]["args"] for service in ours().values())
    bootstrap = (CHECKOUT / ".ci" / "bootstrap").read_text()
    pinned = re.search(r"^UV_VERSION=(\S+)$", bootstrap, flags=re.MULTILINE)
    assert pinned
    assert f"uv=={pinned[1]}" in text


def test_the_pipeline_checks_then_tests_by_make() -> None:
    jobs = PIPELINE["jobs"]
    assert list(jobs) == ["check", "test"]
    assert jobs["test"]["dependencies"] == ["check"]
    scripts = [step["script-content"] for job in jobs.values() for step in job["steps"]]
    assert scripts == ["make check", "make test"]


@pytest.mark.skipif(not PIPELINE_SCHEMA.exists(), reason="TeamCity's schema is not beside this checkout")
def test_the_pipeline_is_valid() -> None:
    jsonschema.validate(PIPELINE, json.loads(PIPELINE_SCHEMA.read_text()))
