"""Fetches what is missing (1-minute candles, on request more), checks it, stores it in MongoDB and announces it.

Started by hand, by the demo, or by whoever needs newer data; retraining follows from the announcement of candles, other
kinds announce nothing. Every run is idempotent: it fetches only what is not stored, and a run that was killed goes on
where it was.

### If this fails
1. *MongoDB … did not answer*: `jtrader status`; the supervisor restarts mongod within seconds, so clear this task and
   it goes on. What was stored stays.
2. *… did not answer* or *asks for fewer requests* (the venue): the task tries again by itself; when it gave up, look
   at the simulator's log or the venue's status page, then clear the task.
   What the other markets told is stored.
3. *unknown instrument*, *lies in the future*, *has no candle*: the form was filled in wrongly; trigger it anew.
4. Gaps or quarantined candles do not fail the run. `jtrader crawl gaps` and `jtrader crawl quarantine` tell which
   minutes and why, `jtrader crawl repair` asks once more; the venue's own page of the day decides whether they exist.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from jtrader.app.dag_head import CANDLES, NEWS, POLICY, days_field, end_field, kinds_field, names_field

log = logging.getLogger(__name__)


@dag(
    schedule=None,
    tags=["market-data", "mongodb"],
    doc_md=__doc__,
    params={
        "instruments": names_field(
            "Instruments",
            "market:SYMBOL, one a line, for example binance_usdm:BTCUSDT. Empty: those of the settings.",
        ),
        "days": days_field("How many days before the end. Empty: as in the settings."),
        "end": end_field("Where the range ends. Empty: the venue's newest closed minute."),
        "kinds": kinds_field(),
    },
    **POLICY,
)
def crawl_market_data() -> None:
    @task(outlets=[NEWS], execution_timeout=timedelta(hours=6))
    def crawl(*, params: dict[str, Any], outlet_events: Any, dag_run: Any) -> dict[str, Any]:
        from jtrader.app.jobs.crawl import announcement, crawl_market_data, news, summary
        from jtrader.app.jobs.failures import final_on_bad_input
        from jtrader.app.settings import load_settings

        settings = load_settings()
        with final_on_bad_input():
            result = crawl_market_data(
                params["instruments"], params["days"], params["end"], settings, kinds=params["kinds"]
            )
        if told := news(result, dag_run.run_type):
            outlet_events[NEWS].add(CANDLES, extra=told)
        log.info("%s", summary(result, settings.web_uri))
        return announcement(result)

    crawl()


crawl_market_data()
