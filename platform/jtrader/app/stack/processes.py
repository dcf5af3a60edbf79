"""Which running processes belong to a stack, whoever their parent is now.

Every service writes its line of /proc (pid and start time) to `run/pids/<name>` before it runs, and carries the mark
JTRADER_STACK_HOME=<home> in its environment. Some programs overwrite their environment (PostgreSQL, gunicorn); these
are found by the recorded pid and start time, as descendants, or as members of a recorded process group that work below
home."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from jtrader.app.stack.home import Home
from jtrader.app.stack.site import MARK

_START = 19
"""Places in a line of /proc/<pid>/stat: the start time is the twentieth field after the command's name."""


@dataclass(frozen=True)
class Started:
    """A process, told apart from a later one with the same number by its start time (clock ticks since boot)."""

    pid: int
    start: int


def parse_stat(line: str) -> Started:
    """One line of /proc/<pid>/stat; the command's name, in brackets, may hold anything."""
    before, _, after = line.rpartition(")")
    return Started(int(before.split(" ", 1)[0]), int(after.split()[_START]))


def recorded(home: Home) -> dict[str, Started]:
    """By service, what was written at its last start; it may have ended since."""
    found = {}
    for file in home.pids.glob("*"):
        try:
            found[file.name] = parse_stat(file.read_text())
        except (OSError, ValueError, IndexError):
            continue
    return found


def is_alive(process: Started) -> bool:
    try:
        line = Path(f"/proc/{process.pid}/stat").read_text()
    except OSError:
        return False
    return parse_stat(line) == process and line.rpartition(")")[2].split()[0] != "Z"


def record(home: Home, name: str, pid: int) -> None:
    (home.pids / name).write_text(Path(f"/proc/{pid}/stat").read_text())


def of_stack(home: Home) -> list[psutil.Process]:
    """All living processes of the stack at `home`, this one and its ancestors excepted."""
    records = recorded(home).values()
    roots = {each.pid for each in records if is_alive(each)}
    # a group outlives its leader; when the leader's number has gone to another process, the group is not ours
    groups = {each.pid for each in records if each.pid in roots or not psutil.pid_exists(each.pid)}
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        if process.pid in roots or _is_marked(process, home.root) or _is_member(process, groups, home.root):
            found[process.pid] = process
            for child in _descendants(process):
                found[child.pid] = child
    me = psutil.Process()
    for spared in (me, *me.parents()):
        found.pop(spared.pid, None)
    return [each for each in found.values() if _lives(each)]


def describe(process: psutil.Process) -> str:
    try:
        return f"pid {process.pid} ({' '.join(process.cmdline())[:120]})"
    except psutil.Error:
        return f"pid {process.pid}"


def end(processes: list[psutil.Process], seconds: float = 10.0) -> None:
    """SIGTERM, then after `seconds` SIGKILL. Returns when all have ended or nothing more can be done."""
    for process in processes:
        _signal(process.terminate)
    _, left = psutil.wait_procs(processes, timeout=seconds)
    for process in left:
        _signal(process.kill)
    psutil.wait_procs(left, timeout=5)


def _is_marked(process: psutil.Process, root: Path) -> bool:
    try:
        block = Path(f"/proc/{process.pid}/environ").read_bytes()
    except OSError:
        return False
    return f"{MARK}={root}".encode() in block.split(b"\0")


def _is_member(process: psutil.Process, groups: set[int], root: Path) -> bool:
    """Of a recorded process group, and at work below home."""
    try:
        return os.getpgid(process.pid) in groups and Path(process.cwd()).is_relative_to(root)
    except (OSError, psutil.Error):
        return False


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _signal(send: Callable[[], None]) -> None:
    try:
        send()
    except psutil.Error:
        return
