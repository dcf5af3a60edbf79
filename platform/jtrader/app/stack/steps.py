"""Commands that run once, before a service starts."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

from jtrader.app.stack import processes
from jtrader.app.stack.logs import last_lines
from jtrader.app.stack.service import wait_until
from jtrader.app.stack.site import Site
from jtrader.domain.errors import Broken

_SECONDS = 300.0


def run_step(site: Site, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Runs to the end, with output in `log/<name>.log`; ended at once when the start is cancelled. Raises Broken with
    the log's end where the command fails."""
    log = site.home.log_of(name)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env={**site.environment, **environment},
            cwd=site.home.root,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    processes.record(site.home, name, process.pid)
    try:
        wait_until(lambda: process.poll() is not None, _SECONDS, f"{name}: end", site.cancelled, poll=0.05)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode != 0:
        lines = "\n".join(f"    {line}" for line in last_lines(log, 12))
        raise Broken(f"{name} failed with exit code {process.returncode}; the end of {log}:\n{lines}")
