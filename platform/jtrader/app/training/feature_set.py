"""The data set of a request: found in the lake, or built on Spark."""

import datetime as dt
import hashlib
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from jtrader.app.settings import Settings
from jtrader.app.training.request import TrainingRequest
from jtrader.domain.errors import BadInput, Broken, JtraderError, Unavailable
from jtrader.domain.times import iso
from jtrader.store.lake.building import start_building
from jtrader.store.lake.dataset import LakeDataset
from jtrader.store.lake.manifest import read_manifest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = structlog.get_logger(__name__)

_OURS = re.compile(r"jtrader\.domain\.errors\.(BadInput|Unavailable|Broken): ([^\n]+)")
_KINDS: dict[str, type[JtraderError]] = {"BadInput": BadInput, "Unavailable": Unavailable, "Broken": Broken}


def lake_folder(settings: Settings, request: TrainingRequest) -> Path:
    """One folder for each range, set of columns, commit and snapshot of the candles."""
    parts = (request.instruments, request.features, request.commit, request.snapshot.id)
    key = hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
    return settings.root / "lake" / "features" / f"{iso(request.start)[:16]}_{iso(request.end)[:16]}_{key}"


def feature_set(settings: Settings, request: TrainingRequest) -> LakeDataset:
    """Features of the same range, candles, code and columns are not built twice; changed code without a commit is
    never taken for built. Raises Unavailable when MongoDB went away for good."""
    folder = lake_folder(settings, request)
    if read_manifest(folder) is not None:
        if not request.dirty:
            log.info("features_found", folder=str(folder))
            return LakeDataset(folder)
        shutil.rmtree(folder)
    _build(settings, request, folder)
    return LakeDataset(folder)


def _build(settings: Settings, request: TrainingRequest, folder: Path) -> None:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName("jtrader retrain").getOrCreate()
    try:
        _write_features(spark, settings, request, folder)
    except PySparkException as error:
        raise _translated(error) from error
    finally:
        spark.stop()


def _write_features(spark: "SparkSession", settings: Settings, request: TrainingRequest, folder: Path) -> None:
    from pyspark.sql import functions as f

    from jtrader.learn.spark.features import feature_rows, lead_in
    from jtrader.store.spark.candles import FORMAT as CANDLES
    from jtrader.store.spark.candles import CandleSource
    from jtrader.store.spark.lake_sink import FORMAT as LAKE
    from jtrader.store.spark.lake_sink import LakeSink

    spark.dataSource.register(CandleSource)
    spark.dataSource.register(LakeSink)
    stored = spark.read.format(CANDLES).options(url=settings.need("mongo_uri"), database=settings.mongo_database)
    wanted = (
        f.col("instrument").isin(list(request.instruments))
        & (f.col("ts") >= request.start - lead_in(request.features))
        & (f.col("ts") < request.end)
    )
    rows = feature_rows(stored.load().where(wanted), request.features, request.start, request.end)
    rows.write.format(LAKE).mode("append").options(
        path=str(folder),
        building=str(start_building(folder)),
        instruments=",".join(request.instruments),
        features=",".join(request.features),
        start=request.start,
        end=request.end,
        commit=request.commit,
        created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        snapshot=request.snapshot.id,
    ).save()
    log.info("features_built", folder=str(folder))


def _translated(error: Exception) -> JtraderError:
    """Our own error out of a worker's trace; anything else is Broken with Spark's first line."""
    found = _OURS.findall(str(error))
    if found:
        kind, sentence = found[-1]
        return _KINDS[kind](sentence)
    return Broken(f"Spark could not build the features: {str(error).splitlines()[0][:300]}")
