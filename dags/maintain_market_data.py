"""Keeps the stored market data small and judged: packs closed hours, deletes what is old, writes the data quality.

Runs every night. What `[keep_days]` of the settings does not name is never deleted. Every step can be repeated at any
time and changes nothing then.

### If this fails
1. *MongoDB … did not answer*, *Postgres … does not answer*, *MLflow … did not answer*: `jtrader status`; the supervisor
   restarts them within seconds and the task tries again by itself. Clear it when it gave up. Nothing is half-done.
2. *no candle of … is stored*: nothing was crawled yet. Run crawl_market_data first.
3. Low coverage does not fail the run: the page's dashboard Market data shows the days, the causes and what was put
   aside; `jtrader crawl gaps` and `jtrader crawl quarantine` list them, `jtrader crawl repair` asks once more.
4. The log says that *old candles stay under snapshots*: what models were trained on is kept whatever `[keep_days]`
   says; `jtrader crawl snapshot --unpin` lets one go.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from jtrader.app.dag_head import POLICY, days_field

log = logging.getLogger(__name__)


@dag(
    schedule="40 0 * * *",
    tags=["market-data", "mongodb", "postgres"],
    doc_md=__doc__,
    params={"days": days_field("How many days to judge, the newest included. Empty: 7.")},
    **POLICY,
)
def maintain_market_data() -> None:
    @task(execution_timeout=timedelta(hours=2))
    def tidy() -> dict[str, int]:
        from jtrader.app.jobs.maintain import summary, tidy
        from jtrader.app.settings import load_settings

        settings = load_settings()
        done = tidy(settings)
        log.info("%s; see %s", summary(done), settings.web_uri)
        return {"packed": done.packed, "pruned": done.pruned, **done.removed}

    @task(execution_timeout=timedelta(hours=1))
    def judge(*, params: dict[str, Any]) -> int:
        from jtrader.app.jobs.failures import final_on_bad_input
        from jtrader.app.jobs.quality import judge_days, summary
        from jtrader.app.settings import load_settings

        settings = load_settings()
        with final_on_bad_input():
            rows = judge_days(params["days"] or 7, settings)
        log.info("%s", summary(rows, settings.web_uri))
        return len(rows)

    tidy() >> judge()  # type: ignore[operator]


maintain_market_data()
