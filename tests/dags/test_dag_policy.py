"""Every DAG file is wiring that a person on call can live with: owner, tags, retries, help when it fails, light."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = sorted((REPOSITORY / "dags").glob("*.py"))
IMPORT_SECONDS = 2.0

# Airflow's own modules are loaded first: its processes have them before they read a file of ours.
MEASURE = """
import runpy, sys, time
import airflow.sdk
began = time.process_time()
runpy.run_path(sys.argv[1], run_name="measured")
seconds = time.process_time() - began
heavy = {"ccxt", "pandas", "pyarrow", "pymongo", "pyspark", "mlflow", "sklearn", "lightgbm"} & set(sys.modules)
print(f"cost={seconds};{','.join(sorted(heavy))}")
"""


def test_there_are_dags() -> None:
    assert "crawl_market_data" in [file.stem for file in FILES]


def test_all_files_parse(dag_bag) -> None:
    assert dag_bag.import_errors == {}
    assert sorted(dag_bag.dags) == sorted(file.stem for file in FILES), "one DAG a file, named like it"


def test_policy(dag_bag) -> None:
    for name, dag in dag_bag.dags.items():
        assert dag.tags, f"{name} has no tags"
        assert dag.params, f"{name} shows no form"
        for key in dag.params:
            shown = dag.params.get_param(key)
            assert shown.schema.get("title"), f"{name}'s form has no title for {key}"
            assert shown.description, f"{name}'s form does not say what {key} is"
        assert dag.catchup is False, f"{name} would run for the past when it is switched on"
        assert "if this fails" in (dag.doc_md or "").lower(), f"{name}'s doc_md doesn't say what to do if this fails"
        for task in dag.tasks:
            assert task.owner == "jtrader", f"{name}.{task.task_id} has owner {task.owner}"
            assert task.retries >= 1, f"{name}.{task.task_id} is never tried again"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_import_is_light(file: Path, tmp_path: Path) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(REPOSITORY / "platform"),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
    }
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(file)], env=environment, capture_output=True, text=True, check=True
    )
    seconds, heavy = done.stdout.rpartition("cost=")[2].strip().split(";")
    assert float(seconds) < IMPORT_SECONDS
    assert heavy == "", "heavy imports belong inside the task"
