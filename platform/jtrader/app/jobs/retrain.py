"""Retraining and promotion, as the DAG and the command line run them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from jtrader.app.settings import CHECKOUT, Settings, load_settings
from jtrader.domain.errors import BadInput, Broken, JtraderError, Unavailable
from jtrader.domain.times import parse_time

if TYPE_CHECKING:
    from jtrader.app.training.result import TrainingResult
    from jtrader.learn.promotion import Override, Promotion

APPLICATION = Path(__file__).with_name("spark_retrain.py")
DRIVER_MEMORY = "1g"
CORES = 2
BAD_INPUT = 2
PASSED = "passed"
_SENTENCE = "jtrader: "


def train(
    models: Sequence[str] | None = None,
    days: int | None = None,
    end: str | None = None,
    settings: Settings | None = None,
    tell: Callable[[str], None] = lambda line: None,  # noqa: ARG005
    snapshot: str | None = None,
) -> "TrainingResult":
    """Runs the Spark application on the candles of `days` days up to `end` (defaults: the crawl's days, the newest
    stored minute), or on those of a snapshot, and returns what it made. `tell` gets each line of its log.

    Raises BadInput, Unavailable, Broken. What was registered before a failure is whole; a repeat goes on from there.
    """
    from jtrader.app.training.result import TrainingResult
    from jtrader.learn.declaration import choose, load_declarations

    settings = settings or load_settings()
    choose(load_declarations(settings.models), models or ())
    for needed in ("mlflow_uri", "mongo_uri"):
        settings.need(needed)
    if end:
        parse_time(end)
    scratch = settings.root / "spark"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="retrain-", dir=scratch) as folder:
        result = Path(folder) / "result.json"
        arguments = [f"--days={days or settings.crawl_days}", f"--result={result}"]
        arguments += [f"--end={end}"] if end else []
        arguments += [f"--snapshot={snapshot}"] if snapshot else []
        arguments += [f"--model={name}" for name in models or ()]
        _submit([*_spark_submit(Path(folder)), str(APPLICATION), *arguments], settings, tell)
        return msgspec.json.decode(result.read_bytes(), type=TrainingResult)


def promote(
    model: str, version: str | None = None, override: "Override | None" = None, settings: Settings | None = None
) -> "Promotion":
    """Moves `champion` of one model; see learn.promotion. Raises BadInput, Unavailable."""
    from jtrader.app.wiring.learning import model_store
    from jtrader.learn import promotion

    return promotion.promote(model_store(settings or load_settings()), model, version, override)


def promote_trained(
    trained: Sequence[Mapping[str, Any]],
    override_by: str | None = None,
    override_reason: str | None = None,
    settings: Settings | None = None,
) -> list[str]:
    """Promotes what one training made (name, version, gate) and returns a line for each model.

    A version whose gate passed becomes champion. A refused one only if it is the model the trader serves and the
    override is complete; else it is left where it is. Raises BadInput where nothing could be promoted.
    """
    from jtrader.learn.promotion import Override

    settings = settings or load_settings()
    override = Override(by=override_by or "", reason=override_reason or "") if override_by or override_reason else None
    lines, refused = [], []
    for model in trained:
        name, version = model["name"], model["version"]
        if model["gate"] == PASSED:
            lines.append(promotion_summary(promote(name, version, settings=settings), settings.mlflow_uri))
        elif override is not None and name == settings.champion:
            lines.append(promotion_summary(promote(name, version, override, settings), settings.mlflow_uri))
        else:
            refused.append(f"{name} version {version} did not pass its gate and stays where it is")
    if not lines:
        raise BadInput("; ".join(refused) + ": the old champion goes on")
    return lines + refused


def promotion_summary(made: "Promotion", mlflow_uri: str | None) -> str:
    """One line of what a promotion changed, with a link."""
    what = "is champion now" if made.changed else "was champion already"
    before = f", previous is version {made.previous}" if made.previous else ""
    limits = f"; gate {made.gate}, brokers {made.allowed_brokers}"
    by = f", override by {made.override_by}" if made.override_by else ""
    return f"{made.name} version {made.version} {what}{before}{limits}{by}; see {mlflow_uri}/#/models/{made.name}"


def _spark_submit(folder: Path) -> list[str]:
    """`folder` takes what Spark spills; it goes with the run."""
    quiet = folder / "log4j2.properties"
    quiet.write_text(_LOG4J)
    conf = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={quiet} -XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.python.filterPushdown.enabled": "true",
        "spark.sql.adaptive.enabled": "true",
        "spark.sql.shuffle.partitions": str(2 * CORES),
        "spark.sql.session.timeZone": "UTC",
    }
    command = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    command += [str(Path(sys.executable).with_name("spark-submit")), f"--master=local[{CORES}]"]
    command.append(f"--driver-memory={DRIVER_MEMORY}")
    return command + [word for key, value in conf.items() for word in ("--conf", f"{key}={value}")]


def _environment(settings: Settings) -> dict[str, str]:
    """The venv's Python on both sides of Spark, and its Java where it has one."""
    programs = Path(sys.executable).parent
    environment = os.environ | {
        "JTRADER_HOME": str(settings.root),
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONPATH": str(CHECKOUT / "platform"),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    if (programs / "java").exists():
        environment.pop("JAVA_HOME", None)
    return environment


def _submit(command: Sequence[str], settings: Settings, tell: Callable[[str], None]) -> None:
    """Runs the application in a process group of its own; it does not outlive us, whatever ends us."""
    last: deque[str] = deque(maxlen=40)
    process = subprocess.Popen(
        command,
        env=_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            last.append(line.rstrip())
            if not line.startswith(_SENTENCE):  # that one is raised
                tell(last[-1])
        code = process.wait()
    finally:
        process.stdout.close()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code:
        raise _failure(code, list(last))


def _failure(code: int, last: Sequence[str]) -> JtraderError:
    """The application's own sentence, as the error it was."""
    for line in reversed(last):
        if line.startswith(_SENTENCE):
            sentence = line.removeprefix(_SENTENCE)
            return BadInput(sentence) if code == BAD_INPUT else Unavailable(sentence)
    tail = " | ".join(line for line in last[-3:] if line)
    return Broken(f"the retraining application ended with code {code}: {tail[:600]}")


_LOG4J = """rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = spark: %p %c{1}: %m%n
"""
