"""A small client of Airflow's public REST API (v2): unpause, trigger, wait, answer an approval."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import httpx
import msgspec
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from jtrader.domain.errors import JtraderError, Unavailable

POLL_SECONDS = 0.5
WAITING = "awaiting_input"
SETTLED_LOOKS = 4

Found = TypeVar("Found")


class JobFailed(JtraderError):
    """A DAG run ended in failure; the message names the task and where its log is."""


class DagRun(msgspec.Struct, frozen=True):
    dag_id: str
    run_id: str
    state: str


class Airflow:
    """One session with an api-server."""

    def __init__(self, uri: str) -> None:
        self._uri = uri.rstrip("/")
        self._http = httpx.Client(base_url=self._uri, timeout=30, transport=httpx.HTTPTransport(retries=3))
        self._token = ""

    def __enter__(self) -> Airflow:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def wait_for_dag(self, dag_id: str, timeout: float = 120) -> None:
        """Until the dag-processor has parsed the DAG."""

        def parsed() -> bool | None:
            return True if self._request("GET", f"/dags/{dag_id}").status_code == httpx.codes.OK else None

        self._until(parsed, timeout, f"DAG {dag_id} was not parsed: see the dag-processor's log")

    def unpause(self, dag_id: str) -> None:
        self._ok("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str, conf: Mapping[str, Any]) -> DagRun:
        body = self._ok("POST", f"/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": dict(conf)})
        return _run(body)

    def next_run(self, dag_id: str, since: dt.datetime, timeout: float = 60) -> DagRun:
        """The run that something else started (an asset event), queued at or after `since`."""
        query = {"order_by": "-run_after", "limit": 1, "run_after_gte": since.isoformat()}

        def newest() -> DagRun | None:
            runs = self._ok("GET", f"/dags/{dag_id}/dagRuns", params=query)["dag_runs"]
            return _run(runs[0]) if runs else None

        return self._until(newest, timeout, f"no run of {dag_id} was started: is it paused, was its asset updated?")

    def tasks(self, run: DagRun) -> dict[str, str]:
        """Task id → state (an empty string before it is scheduled)."""
        rows = self._ok("GET", f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances")["task_instances"]
        return {row["task_id"]: row["state"] or "" for row in rows}

    def finish(self, run: DagRun, timeout: float, watch: Callable[[dict[str, str]], object] | None = None) -> DagRun:
        """Until the run has ended. Raises JobFailed with the first failed task."""

        def ended() -> DagRun | None:
            now = _run(self._ok("GET", f"/dags/{run.dag_id}/dagRuns/{run.run_id}"))
            if watch is not None:
                watch(self.tasks(run))
            return now if now.state in ("success", "failed") else None

        last = self._until(ended, timeout, f"{run.dag_id} did not end")
        if last.state == "failed":
            failed = sorted(task for task, state in self.tasks(run).items() if state == "failed")
            raise JobFailed(f"{run.dag_id} failed at task {', '.join(failed) or '?'}: its log is at {self.link(run)}")
        return last

    def wait_for_approval(
        self, run: DagRun, task_id: str, timeout: float, watch: Callable[[dict[str, str]], object] | None = None
    ) -> dict[str, Any]:
        """Until the approval asks; returns its subject, body and params. Raises JobFailed if the run failed before."""

        def asked() -> dict[str, Any] | None:
            states = self.tasks(run)
            if watch is not None:
                watch(states)
            self._refuse_failed(run, states)
            return self._question(run, task_id) if states.get(task_id) == WAITING else None

        return self._until(asked, timeout, f"{run.dag_id} did not reach {task_id}")

    def answer(self, run: DagRun, task_id: str, option: str, params: Mapping[str, Any], timeout: float = 60) -> None:
        """Answers an approval as a person would in the UI (`option` is Approve or Reject), until it is taken.

        An answer within a second of the question can be lost: the scheduler has not yet booked that the task waits,
        takes its end for a failure and asks again. So a question is answered once several looks in a row have seen it.
        """
        path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}/-1/hitlDetails"
        looks = 0

        def taken() -> bool | None:
            nonlocal looks
            states = self.tasks(run)
            self._refuse_failed(run, states)
            looks = looks + 1 if states.get(task_id) == WAITING else 0
            if looks > SETTLED_LOOKS and not self._question(run, task_id).get("response_received"):
                self._ok("PATCH", path, json={"chosen_options": [option], "params_input": dict(params)})
                looks = 0
            return True if states.get(task_id) == "success" else None

        self._until(taken, timeout, f"{run.dag_id} did not take the answer to {task_id}")

    def _question(self, run: DagRun, task_id: str) -> dict[str, Any]:
        return self._ok("GET", f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}/-1/hitlDetails")

    def _refuse_failed(self, run: DagRun, states: Mapping[str, str]) -> None:
        failed = sorted(task for task, state in states.items() if state in ("failed", "upstream_failed"))
        if failed:
            raise JobFailed(f"{run.dag_id} failed at task {', '.join(failed)}: its log is at {self.link(run)}")

    def result(self, run: DagRun, task_id: str) -> Any:
        """What a task returned (its XCom `return_value`)."""
        path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        value = self._ok("GET", path, params={"deserialize": "false", "stringify": "false"})["value"]
        return msgspec.json.decode(value) if isinstance(value, str) else value

    def link(self, run: DagRun) -> str:
        return f"{self._uri}/dags/{run.dag_id}/runs/{run.run_id}"

    def _ok(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer = self._request(method, path, **options)
        if answer.is_error:
            raise Unavailable(f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:300]}")
        return dict(answer.json())

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            if not self._token:
                self._token = self._http.get("/auth/token").raise_for_status().json()["access_token"]
            headers = {"Authorization": f"Bearer {self._token}"}
            return self._http.request(method, "/api/v2" + path, headers=headers, **options)
        except (httpx.HTTPError, KeyError) as error:
            raise Unavailable(f"Airflow at {self._uri} can't be reached ({error}); see 'jtrader status'") from error

    @staticmethod
    def _until(look: Callable[[], Found | None], timeout: float, otherwise: str) -> Found:
        patient = Retrying(
            retry=retry_if_result(lambda found: found is None),
            stop=stop_after_delay(timeout),
            wait=wait_fixed(POLL_SECONDS),
        )
        try:
            return cast(Found, patient(look))
        except RetryError as error:
            raise Unavailable(f"{otherwise} (waited {timeout:.0f} s)") from error


def _run(row: Mapping[str, Any]) -> DagRun:
    return DagRun(row["dag_id"], row["dag_run_id"], row["state"])
