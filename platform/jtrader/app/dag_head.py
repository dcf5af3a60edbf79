"""What the DAG files share: their policy, the asset that joins them, and form fields that may stay empty."""

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, AssetAlias, Param

CANDLES = Asset("jtrader://candles")
"""Crawling announces it, retraining waits for it."""

NEWS = AssetAlias("jtrader-new-candles")
"""The outlet of what may announce CANDLES, and says so only where there is something to train on."""

POLICY: dict[str, Any] = {
    "catchup": False,
    "max_active_runs": 1,
    "default_args": {"owner": "jtrader", "retries": 2, "retry_delay": timedelta(seconds=10)},
}


def names_field(title: str, description: str) -> Param:
    """A list of names, one a line."""
    return _optional("array", title, description, items={"type": "string"})


def kinds_field() -> Param:
    """What to crawl; the names are those of `jtrader.crawl.plan.Kind`."""
    known = ["candles", "trades", "funding", "open_interest", "instruments"]
    return _optional(
        "array",
        "Kinds",
        f"One a line, of {', '.join(known)}. Empty: candles.",
        items={"type": "string"},
        examples=known,
    )


def days_field(description: str) -> Param:
    return _optional("integer", "Days", description, minimum=1, maximum=3650)


def end_field(description: str) -> Param:
    return _optional("string", "End (market time, UTC)", description, format="date-time")


def text_field(title: str, description: str) -> Param:
    return _optional("string", title, description)


def date_field(title: str, description: str) -> Param:
    return _optional("string", title, description, format="date")


def _optional(kind: str, title: str, description: str, **schema: Any) -> Param:
    return Param(None, type=["null", kind], title=title, description=description, **schema)
