"""Data sets, runs and models from settings."""

import time

from jtrader.app.settings import Settings
from jtrader.registry.cache import VersionCache
from jtrader.registry.models import MlflowModelStore
from jtrader.registry.tracker import MlflowTracker

CACHE_HOURS = 24.0
"""How long the trader goes on with the last known champion while MLflow is away."""


def run_tracker(settings: Settings) -> MlflowTracker:
    return MlflowTracker(settings.need("mlflow_uri"))


def model_store(settings: Settings, tracker: MlflowTracker | None = None) -> MlflowModelStore:
    """`tracker` is needed to register; to serve, tag and promote it is not."""
    cache = VersionCache(settings.root / "mlflow_cache")
    return MlflowModelStore(settings.need("mlflow_uri"), cache, time.time_ns, CACHE_HOURS * 3600, tracker)
