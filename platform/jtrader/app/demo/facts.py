"""What happened, as the stores tell it: the demo reads its figures where any user would."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from sqlalchemy import inspect, text
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from jtrader.app.services.heartbeat import read_health
from jtrader.app.settings import Settings
from jtrader.app.wiring.data import open_stores
from jtrader.app.wiring.learning import model_store
from jtrader.app.wiring.reading import open_reader
from jtrader.domain.errors import BadInput, Broken, Unavailable
from jtrader.domain.money import plain
from jtrader.domain.times import DAY, MINUTE
from jtrader.report.lineage import lineage_of
from jtrader.store.postgres.connection import connect, reaching
from jtrader.store.postgres.reader import PostgresReader
from jtrader.store.postgres.schema import upgrade

MANY = 1_000_000


def forget(settings: Settings, external: Collection[str]) -> None:
    """Empties the desk's two databases: the demo begins with a day nobody has seen. Raises BadInput rather than empty
    one that was set from outside (`external` names such addresses)."""
    with MongoClient[dict[str, Any]](settings.need("mongo_uri"), serverSelectionTimeoutMS=10_000) as mongo:
        database = mongo[settings.mongo_database]
        names = database.list_collection_names()
        if names and "mongo_uri" in external:
            raise BadInput(_not_empty("JTRADER_MONGO_URI", settings.mongo_database, "JTRADER_MONGO_DATABASE"))
        for name in names:
            database.drop_collection(name)
    engine = connect(settings.need("postgres_uri"), "jtrader-demo")
    with reaching(engine), engine.begin() as connection:
        if inspect(connection).get_table_names() and "postgres_uri" in external:
            raise BadInput(_not_empty("JTRADER_POSTGRES_URI", str(engine.url.database), "JTRADER_POSTGRES_URI"))
        if "postgres_uri" not in external:
            connection.execute(text("DROP SCHEMA IF EXISTS public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    upgrade(settings.need("postgres_uri"))


def _not_empty(variable: str, database: str, other: str) -> str:
    return (
        f"{variable} leads to database '{database}', which is not empty, and the demo would empty it: unset it, "
        f"or name an empty database with {other}"
    )


def expected_candles(settings: Settings) -> int:
    return len(settings.crawl_instruments) * settings.crawl_days * DAY // MINUTE


def stored_candles(settings: Settings) -> int:
    """0 while MongoDB is away: this only moves a progress bar."""
    try:
        with open_stores(settings) as stores:
            return stores.candles.count()
    except Unavailable:
        return 0


def candles(settings: Settings) -> dict[str, int]:
    with open_stores(settings) as stores:
        return {"stored": stores.candles.count(), "gaps": len(stores.candles.gaps())}


def model(settings: Settings, alias: str, metrics: Mapping[str, float]) -> dict[str, Any]:
    """The version behind an alias with its gate decision, from the registry; `metrics` as its training told them."""
    store = model_store(settings)
    name = settings.champion
    version = store.version(name, alias)
    if version is None:
        raise Broken(f"model {name} has no {alias}: see the log of retrain_models")
    tags = store.tags(name, version)
    return {
        "name": name,
        "version": version,
        "alias": alias,
        "metrics": dict(metrics),
        "gate": tags.get("gate", "unknown"),
        "gate_reasons": tags.get("gate_reasons", ""),
        "override_by": tags.get("override_by", ""),
    }


def describe(found: dict[str, Any]) -> str:
    reasons = f": {found['gate_reasons']}" if found["gate"] != "passed" else ""
    return f"{found['name']} v{found['version']}, gate {found['gate']}{reasons}"


def trading(settings: Settings, home: Path) -> dict[str, Any]:
    reader = _reader(settings)
    fills = Counter(fill.strategy for fill in reader.fills(limit=MANY))
    feed = read_health(home, "feed")
    return {
        "venues": sorted({account.market.partition("_")[0] for account in settings.accounts}),
        "ticks": int(feed.detail.get("ticks", 0)) if feed else 0,
        "orders": len(reader.orders(limit=MANY)),
        "fills": fills.total(),
        "strategies": dict(sorted(fills.items())),
    }


def reconciliation(settings: Settings, date: dt.date) -> dict[str, Any]:
    """All accounts of the day together; P&L per asset as exact strings."""
    newest = {s.account: s for s in reversed(_reader(settings).statements(limit=1_000)) if s.date == date}
    if not newest:
        raise Broken(f"there is no statement of {date}: see the log of reconcile_pnl")
    return {
        "date": date.isoformat(),
        "matched": sum(s.matched for s in newest.values()),
        "breaks": sum(len(s.breaks) for s in newest.values()),
        "pnl_ledger": _sum([s.pnl_ledger for s in newest.values()]),
        "pnl_venue": _sum([s.pnl_venue for s in newest.values()]),
    }


def metrics(trained: Mapping[str, Any], name: str) -> dict[str, float]:
    """Of one model, from what the task `train` returned."""
    return next((dict(made["metrics"]) for made in trained["models"] if made["name"] == name), {})


def lineage(settings: Settings) -> dict[str, str | None]:
    """The chain behind the newest fill that a model asked for; of the newest fill of a rule where there is none."""
    with open_reader(settings) as reader:
        rows = reader.lineage(from_model=True) or reader.lineage()
    return lineage_of(rows[0]).figures() if rows else {}


def wait_for_projection(home: Path, seconds: float) -> None:
    """Until Postgres holds all that the oms has journaled. Raises Unavailable with the oms' own reason."""

    def behind() -> bool:
        health = read_health(home, "oms")
        return health is None or not health.is_fresh or int(health.detail.get("projection_lag", 1)) > 0

    patient = Retrying(retry=retry_if_result(bool), stop=stop_after_delay(seconds), wait=wait_fixed(0.5))
    try:
        patient(behind)
    except RetryError as error:
        health = read_health(home, "oms")
        why = str(health.detail.get("projection_failure", "")) if health else "the oms gives no sign of life"
        raise Unavailable(f"the journal was not projected to Postgres within {seconds:.0f} s: {why}") from error


def _reader(settings: Settings) -> PostgresReader:
    return PostgresReader(connect(settings.need("postgres_uri"), "jtrader-demo"))


def _sum(parts: list[dict[str, Decimal]]) -> dict[str, str]:
    assets = sorted({asset for part in parts for asset in part})
    return {asset: plain(sum((part.get(asset, Decimal(0)) for part in parts), Decimal(0))) for asset in assets}
