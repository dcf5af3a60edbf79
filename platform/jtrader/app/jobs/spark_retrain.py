"""The retraining application, started by spark-submit: MongoDB → features → lake → models → registry.

Exit code 2 for bad input, 1 for any other failure that has a name; the last line on standard error is its sentence.
"""

import argparse
import ctypes
import logging
import signal
import sys
import time
from pathlib import Path

import msgspec
import structlog

from jtrader.app.settings import Settings, load_settings
from jtrader.app.training.feature_set import feature_set
from jtrader.app.training.models import GREETING_SECONDS, patiently, train_models
from jtrader.app.training.request import plan_training
from jtrader.app.training.result import TrainingResult
from jtrader.app.wiring.learning import model_store, run_tracker
from jtrader.crawl.snapshot import check_unchanged
from jtrader.domain.errors import BadInput, JtraderError
from jtrader.domain.times import iso
from jtrader.learn.record import Recorder
from jtrader.store.mongo.candles import MongoCandleStore
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.snapshots import MongoSnapshots

log = structlog.get_logger(__name__)

_PR_SET_PDEATHSIG = 1


def main() -> int:
    _end_with_parent()
    options = _options()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    try:
        result = run(load_settings(), options.model, options.days, options.end, options.snapshot)
    except JtraderError as error:
        sys.stderr.write(f"jtrader: {error}\n")
        return 2 if isinstance(error, BadInput) else 1
    fresh = options.result.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(result))
    fresh.replace(options.result)
    return 0


def run(
    settings: Settings, models: list[str], days: int, end: str | None, snapshot: str | None = None
) -> TrainingResult:
    """With `snapshot` its candles are trained on, if they are still the same, else what is stored now is pinned."""
    began = time.monotonic()
    tracker = run_tracker(settings)
    store = model_store(settings, tracker)
    patiently(lambda: store.find(settings.champion, {}), GREETING_SECONDS)
    with Mongo(settings.need("mongo_uri"), settings.mongo_database) as mongo:
        mongo.greet()
        candles = MongoCandleStore(mongo)
        request = plan_training(settings, candles, MongoSnapshots(mongo), models, days, end, snapshot)
    log.info(
        "planned",
        models=[one.name for one in request.declarations],
        start=iso(request.start),
        end=iso(request.end),
        snapshot=request.snapshot.id,
    )
    planned = time.monotonic()
    dataset = feature_set(settings, request)
    with Mongo(settings.need("mongo_uri"), settings.mongo_database) as mongo:
        check_unchanged(MongoCandleStore(mongo), request.snapshot)  # what came in between is not what was pinned
    built = time.monotonic()
    recorded = train_models(request, dataset, Recorder(tracker, store, request.commit, request.dirty))
    return TrainingResult(
        manifest=dataset.manifest,
        models=tuple(recorded),
        mlflow_uri=settings.need("mlflow_uri"),
        seconds={
            "plan": round(planned - began, 1),
            "features": round(built - planned, 1),
            "models": round(time.monotonic() - built, 1),
        },
    )


def _end_with_parent() -> None:
    """The kernel kills this driver when the JVM that started it dies, as that dies with whoever submitted it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--days", type=int, required=True)
    parser.add_argument("--end")
    parser.add_argument("--snapshot")
    parser.add_argument("--result", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
