"""Compares one trading day of our books with the venue's, line by line, and stores a statement for each account.

Runs every day ten minutes after the cut at 00:00 UTC, or by hand for any day that is over in market time. It is
idempotent: the same day again gives the same rows; what came in late gives the statement's next version.

### If this fails
1. *… is not over*: the venue's market time has not reached the end of the day. Run it again after the cut.
2. *Postgres … does not answer*, or the venue: `jtrader status`; the task tries again by itself. Clear it when the
   service is back. Nothing is half-written.
3. *no account was open*: nothing was traded from this home on the day that was asked for.
4. Breaks do not fail the run: they are in the statement, on the page and in the alerts. Each names its line (trade id,
   entry id, asset) and both figures. Compare with the venue's own history; a missing fill or funding row is booked by
   the oms when it next reads the venue (restart it), then run this again: the statement gets its next version.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from jtrader.app.dag_head import POLICY, date_field, names_field

log = logging.getLogger(__name__)


@dag(
    schedule="10 0 * * *",
    tags=["books", "postgres"],
    doc_md=__doc__,
    params={
        "date": date_field("Trading day (UTC)", "Empty: the last day that is over in market time."),
        "accounts": names_field(
            "Accounts", "Names from the settings, one a line. Empty: all that were open on the day."
        ),
    },
    **POLICY,
)
def reconcile_pnl() -> None:
    @task(execution_timeout=timedelta(hours=1))
    def reconcile(*, params: dict[str, Any]) -> dict[str, Any]:
        from jtrader.app.jobs.failures import final_on_bad_input
        from jtrader.app.jobs.reconcile import reconcile_day, report, summary
        from jtrader.app.settings import load_settings

        settings = load_settings()
        with final_on_bad_input():
            result = reconcile_day(params["date"], params["accounts"], settings)
        log.info("%s", summary(result, settings.web_uri))
        return report(result)

    reconcile()


reconcile_pnl()
