"""Child processes of a benchmark that take words on standard input and answer with lines."""

import os
import resource
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
END_SECONDS = 5.0
PATH = f"{TESTS}:{TESTS.parent / 'platform'}"


class Child:
    """`python FILE WORD…`, ended when `running` is closed."""

    def __init__(self, running: ExitStack, file: str, *words: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, file, *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": PATH},
        )
        running.callback(self._end)

    @property
    def pid(self) -> int:
        return self._process.pid

    def line(self) -> str:
        """Waits for its next line."""
        assert self._process.stdout is not None
        found = self._process.stdout.readline()
        assert found, f"{self._process.args} ended with {self._process.wait()}"
        return found

    def tell(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def _end(self) -> None:
        """It ends by itself once nothing more is told, and clears up behind it."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds() -> float:
    """Of this process, so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
