"""What a person sees while the demo runs: one line a step, a bar while it works."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Step:
    """One step under way; `summary` is what its closing line says."""

    def __init__(self, progress: Progress, title: str) -> None:
        self._progress = progress
        self._title = title
        self._task = progress.add_task(title, total=None)
        self.summary = ""

    def advance_to(self, done: float, total: float, note: str = "") -> None:
        self._progress.update(self._task, completed=done, total=total, description=self._described(note))

    def note(self, text: str) -> None:
        self._progress.update(self._task, description=self._described(text))

    def _described(self, note: str) -> str:
        return f"{self._title} · {note}" if note else self._title


class Show:
    """Numbers the steps and times them. Without a terminal it prints a line at the start and the end of each."""

    def __init__(self, console: Console, steps: int) -> None:
        self.console = console
        self._steps = steps
        self._number = 0

    @contextmanager
    def step(self, title: str, number: int | None = None) -> Iterator[Step]:
        """`number` is given for a step that may come early, after a failure."""
        self._number = number or self._number + 1
        label = f"[{self._number}/{self._steps}] {title}"
        if not self.console.is_terminal:
            self.console.print(f"{label} …", highlight=False, markup=False)
        started = time.monotonic()
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            step = Step(progress, label)
            yield step
        seconds = time.monotonic() - started
        self.console.print(f"✓ {label}: {step.summary or 'done'} ({seconds:.0f} s)", highlight=False, markup=False)
