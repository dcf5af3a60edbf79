"""Real servers for a benchmark, on free ports and in folders of their own, ended with it."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fixtures.simulator import Simulator
from jtrader.app.settings import CHECKOUT, load_settings
from jtrader.app.stack.stack import Stack

DATABASE = "bench"


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="jtrader-bench-") as name:
        yield Path(name)


@contextmanager
def mongod() -> Iterator[str]:
    """The address of a mongod as the stack starts it; it may be done anything."""
    with folder() as home:
        stack = Stack(load_settings(home=home, stack={"base_port": 0}))
        try:
            yield stack.up(services=["mongod"]).mongo("admin")
        finally:
            stack.down()


@contextmanager
def simulator(**settings: Any) -> Iterator[Simulator]:
    """Fields of SimulatorSettings."""
    with folder() as home:
        running = Simulator(home, settings)
        try:
            running.start()
            yield running
        finally:
            running.stop()


@contextmanager
def spark() -> Iterator[Any]:
    """A session on both cores, in this process."""
    from pyspark.sql import SparkSession

    platform = str(CHECKOUT / "platform")
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "PYTHONPATH": platform, "SPARK_LOCAL_IP": "127.0.0.1"}
    with folder() as place:
        session = (
            SparkSession.builder.master("local[2]")
            .appName("bench")
            .config("spark.driver.memory", "1g")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.local.dir", str(place))
            .config("spark.sql.warehouse.dir", str(place / "warehouse"))
            .config("spark.sql.python.filterPushdown.enabled", "true")
            .config("spark.sql.shuffle.partitions", "2")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("OFF")
        gateway = session.sparkContext._gateway
        try:
            yield session
        finally:
            session.stop()
            gateway.shutdown()
            gateway.proc.stdin.close()
            gateway.proc.wait(timeout=30)
