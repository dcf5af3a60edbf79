"""Trains the declared models on the newest candles, waits for a person, then moves the champion.

One Spark application reads MongoDB, builds features into the lake, trains and judges each model and registers it as
`challenger`. Approving moves `champion` (the old one becomes `previous`); the trader then swaps between two events.

### If this fails
1. *MLflow … did not answer* or *MongoDB … did not answer*: `jtrader status`; the supervisor restarts both within
   seconds, and the task has waited two minutes already. Clear it: features and versions that are there are not made
   again.
2. *no candle of …*: run crawl_market_data first, or give a range that is stored.
3. *model.toml …*: a declaration is wrong; the sentence names file, key, value and what is allowed.
4. *the data under snapshot … changed*: the sentence names instrument and day. Crawl that day again, or train on what
   is stored now by leaving the snapshot out.
5. *the retraining application ended with code …*: the log above holds the application's own lines; out of memory shows
   as code 137 or 52.
6. `promote` says *did not pass its gate*: nobody gave a name and a reason at the approval. That is no fault: the old
   champion goes on. To override for sim and paper accounts, clear `approve` and fill in both, or use
   `jtrader promote`.
7. `approve` ran out of time or was rejected: nothing moved; `jtrader promote` still can.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, dag, task

from jtrader.app.dag_head import CANDLES, POLICY, days_field, end_field, names_field, text_field

log = logging.getLogger(__name__)


@dag(
    schedule=CANDLES,
    tags=["models", "spark", "mlflow"],
    doc_md=__doc__,
    params={
        "models": names_field(
            "Models", "Names of declared models, one a line. Empty: all. A model's rival is trained with it."
        ),
        "days": days_field("How many days before the end. Empty: as many as are crawled."),
        "end": end_field("Where the range ends. Empty: the newest minute that all instruments have."),
        "snapshot": text_field("Snapshot", "Id of pinned candles, instead of a range. Empty: the stored are pinned."),
    },
    **POLICY,
)
def retrain_models() -> None:
    @task(execution_timeout=timedelta(hours=6))
    def train(*, params: dict[str, Any]) -> dict[str, Any]:
        from jtrader.app.jobs.failures import final_on_bad_input
        from jtrader.app.jobs.retrain import train
        from jtrader.app.training.result import approval_text, summary

        with final_on_bad_input():
            result = train(params["models"], params["days"], params["end"], tell=log.info, snapshot=params["snapshot"])
        log.info("%s", summary(result))
        return {
            "text": approval_text(result),
            "models": [
                {"name": model.name, "version": model.version, "gate": model.gate, "metrics": dict(model.metrics)}
                for model in result.models
            ],
            "manifest": result.manifest.hash,
        }

    approve = ApprovalOperator(
        task_id="approve",
        subject="Promote the challengers of {{ run_id }}?",
        body="{{ ti.xcom_pull(task_ids='train')['text'] }}",
        response_timeout=timedelta(days=3),
        params={
            "override_by": Param(
                "", type="string", title="Override: your name", description="Only for a refused gate."
            ),
            "override_reason": Param(
                "", type="string", title="Override: reason", description="It stays in the lineage."
            ),
        },
    )

    @task
    def promote(trained: dict[str, Any], answer: dict[str, Any] | None) -> list[str]:
        from jtrader.app.jobs.failures import final_on_bad_input
        from jtrader.app.jobs.retrain import promote_trained

        with final_on_bad_input():
            lines = promote_trained(trained["models"], **((answer or {}).get("params_input") or {}))
        for line in lines:
            log.info("%s", line)
        return lines

    trained = train()
    trained >> approve  # type: ignore[operator]
    promote(trained, approve.output)


retrain_models()
