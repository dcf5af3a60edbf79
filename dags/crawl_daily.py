"""Crawls one day of market data: the run's own data interval. Made for the past as much as for the schedule.

It is paused until somebody switches it on. Any range is filled again with
`jtrader airflow backfill create --dag-id crawl_daily --from-date 2025-05-01 --to-date 2025-05-31`, or by the page's
Backfill: each day is a run of its own, and a day that is stored already costs a look.

### If this fails
1. *MongoDB … did not answer*: `jtrader status`; the supervisor restarts mongod within seconds, so clear this task and
   it goes on. What was stored stays.
2. *… did not answer* or *asks for fewer requests* (the venue): the task tries again by itself; the minutes are noted as
   *venue down* until they come. When it gave up, clear it once the venue is back; the other markets are stored.
3. *has only reached*: the market's clock is minutes behind the day's end; the task tries again by itself. If it stands
   still, the venue is closed: clear the task later.
4. *lies in the future*: no market's time is near the day's end, as in a simulated market. Backfill days that are over
   there.
5. *unknown instrument*: the form names a wrong one. *has no candle*: none of the instruments was listed on that day;
   where only some were not, the run succeeds and its last line of log names them.
6. *to API keys only*: old trades want an account's key; add an account on that market to the settings.

What is missing, and why: `jtrader crawl gaps`; what was put aside: `jtrader crawl quarantine`; both are asked for once
more by `jtrader crawl repair`. Only new candles of the scheduled run let the models be retrained, not a backfill's.
"""

from __future__ import annotations

import datetime as dt
import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task
from airflow.timetables.interval import CronDataIntervalTimetable

from jtrader.app.dag_head import CANDLES, NEWS, POLICY, kinds_field, names_field

log = logging.getLogger(__name__)


@dag(
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=dt.datetime(2017, 7, 1, tzinfo=dt.UTC),
    is_paused_upon_creation=True,
    tags=["market-data", "mongodb", "backfill"],
    doc_md=__doc__,
    params={
        "instruments": names_field("Instruments", "market:SYMBOL, one a line. Empty: those of the settings."),
        "kinds": kinds_field(),
    },
    **POLICY,
)
def crawl_daily() -> None:
    @task(outlets=[NEWS], execution_timeout=timedelta(hours=6), retry_delay=timedelta(minutes=5))
    def crawl(
        *, params: dict[str, Any], data_interval_start: Any, data_interval_end: Any, outlet_events: Any, dag_run: Any
    ) -> dict[str, Any]:
        from jtrader.app.jobs.crawl import announcement, crawl_market_data, news, summary
        from jtrader.app.jobs.failures import final_on_bad_input
        from jtrader.app.settings import load_settings

        settings = load_settings()
        start, end = data_interval_start.isoformat(), data_interval_end.isoformat()
        with final_on_bad_input():
            result = crawl_market_data(params["instruments"], None, end, settings, kinds=params["kinds"], start=start)
        if told := news(result, dag_run.run_type):
            outlet_events[NEWS].add(CANDLES, extra=told)
        log.info("%s", summary(result, settings.web_uri))
        return announcement(result)

    crawl()


crawl_daily()
