"""The DAG's wiring: its form reaches the job, and what a person filled in wrongly fails at once with a sentence."""

import pytest


def test_a_wrong_form_fails_for_good_and_says_why(airflow_database, dag_bag, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("JTRADER_HOME", str(tmp_path))
    dag = dag_bag.dags["reconcile_pnl"]
    run = dag.test(run_conf={"date": "2026-01-15", "accounts": ["beta"]})
    assert run.state == "failed"
    [task] = run.get_task_instances()
    assert task.try_number == 1, "not tried again"
    assert "AirflowFailException: account 'beta' is not in the settings" in "".join(capfd.readouterr())


def test_a_form_that_is_no_date_is_refused_before_anything_runs(airflow_database, dag_bag):
    dag = dag_bag.dags["reconcile_pnl"]
    with pytest.raises(Exception, match="date"):
        dag.test(run_conf={"date": 20260115})
