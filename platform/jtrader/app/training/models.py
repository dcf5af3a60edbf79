"""Training the declared models and recording them, with patience for a registry that restarts."""

from collections.abc import Callable
from typing import TypeVar

import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from jtrader.app.training.request import TrainingRequest
from jtrader.domain.errors import Unavailable
from jtrader.learn.gate import judge
from jtrader.learn.record import Recorded, Recorder
from jtrader.learn.training import train
from jtrader.ports.learning import Dataset

T = TypeVar("T")

PATIENCE_SECONDS = 120.0
"""How long a run waits for a registry that went away; a supervised MLflow is back within half a minute."""
GREETING_SECONDS = 10.0
"""How long the first contact may take before the user is told."""

log = structlog.get_logger(__name__)


def patiently(action: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """Repeats an action that is safe to repeat while it raises Unavailable, for at most `seconds`."""
    retrying = Retrying(
        retry=retry_if_exception_type(Unavailable),
        stop=stop_after_delay(seconds),
        wait=wait_exponential(multiplier=0.5, max=5.0),
        before_sleep=_tell,
        reraise=True,
    )
    return retrying(action)


def train_models(request: TrainingRequest, dataset: Dataset, recorder: Recorder) -> list[Recorded]:
    """In the request's order, in which a rival stands before the model that is compared with it."""
    measured: dict[str, dict[str, float]] = {}
    recorded = []
    for declaration in request.declarations:
        trained = train(declaration, dataset)
        rival = measured.get(declaration.gates.beats or "")
        verdict = judge(declaration.gates, trained.metrics, rival)
        measured[declaration.name] = trained.metrics
        log.info("trained", model=declaration.name, gate=verdict.word, reasons=verdict.text)
        recorded.append(patiently(lambda: recorder.record(trained, verdict, dataset.manifest)))  # noqa: B023
        log.info("recorded", model=declaration.name, version=recorded[-1].version, alias=recorded[-1].alias)
    return recorded


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("registry_away", attempt=state.attempt_number, reason=str(error))
