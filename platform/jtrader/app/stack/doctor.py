"""Looks for what is wrong with the machine or the stack, and says how to mend it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
import psutil

from jtrader.app.settings import CHECKOUT, Settings
from jtrader.app.stack.home import SOCKET_PATH_LIMIT, Home
from jtrader.app.stack.hub import PROXY
from jtrader.app.stack.logs import last_lines
from jtrader.app.stack.low_privilege import is_closed
from jtrader.app.stack.ports import NAMES, holder, is_taken
from jtrader.app.stack.site import PROGRAMS
from jtrader.app.stack.stack import Stack

GIGABYTE = 10**9
_JAVA, _NODE = 17, 20
_TROUBLE = re.compile(r"\b(ERROR|CRITICAL|FATAL|PANIC|Traceback)\b")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    check: str
    level: Literal["ok", "warn", "fail"]
    found: str
    mend: str = ""
    """What to do, where something is wrong."""


def examine(settings: Settings) -> list[Finding]:
    """All checks, in the order in which a person would mend things."""
    home = Home(settings.root)
    stack = Stack(settings)
    return [
        _python(),
        _version("java", ["java", "-version"], _JAVA, "Spark needs it"),
        _version("node", ["node", "--version"], _NODE, "JupyterHub's proxy needs it"),
        _proxy(),
        _memory(),
        _disk(home),
        _writable(home),
        _closed(home),
        _length(home),
        _locale(),
        _keys(settings),
        *_ports(settings, stack),
        *_services(stack),
        *_logs(home),
    ]


def _finding(check: str, good: bool, found: str, mend: str, level: Literal["warn", "fail"] = "fail") -> Finding:
    return Finding(check=check, level="ok" if good else level, found=found, mend="" if good else mend)


def _python() -> Finding:
    real = Path(sys.executable).resolve()
    good = sys.version_info[:2] == (3, 11)
    return _finding(
        "python", good, f"{sys.version.split()[0]} at {real}", "run jtrader from .venv: 'make setup' makes it"
    )


def _version(program: str, command: list[str], least: int, why: str) -> Finding:
    path = shutil.which(program, path=os.pathsep.join((str(PROGRAMS), os.environ.get("PATH", ""))))
    if path is None:
        return Finding(check=program, level="fail", found="not on the PATH", mend=f"{why}: run 'make setup'")
    done = subprocess.run([path, *command[1:]], capture_output=True, text=True, timeout=30, check=False)
    told = re.search(r'(?:version "|v)(\d+)', done.stderr + done.stdout)
    version = int(told[1]) if told else 0
    return _finding(
        program, version >= least, f"{version} at {path}", f"{why}, version {least} or later: run 'make setup'"
    )


def _proxy() -> Finding:
    return _finding("hub's proxy", PROXY.exists(), "installed" if PROXY.exists() else "missing", "run 'make setup'")


def _memory() -> Finding:
    free = psutil.virtual_memory().available / GIGABYTE
    mend = "the stack and a training run need about 6 GB: close something, or expect the kernel to end processes"
    return _finding("memory", free >= 4, f"{free:.1f} GB available", mend, "warn")


def _disk(home: Home) -> Finding:
    there = next(path for path in (home.root, *home.root.parents) if path.exists())
    free = shutil.disk_usage(there).free / GIGABYTE
    level: Literal["warn", "fail"] = "fail" if free < 0.5 else "warn"
    return _finding(
        "disk", free >= 3, f"{free:.1f} GB free at {there}", "make room: a day of the demo needs 1 GB", level
    )


def _writable(home: Home) -> Finding:
    there = next(path for path in (home.root, *home.root.parents) if path.exists())
    good = os.access(there, os.W_OK | os.X_OK)
    loose = [file.name for file in home.secrets.glob("*") if file.stat().st_mode & 0o077] if good else []
    if loose:
        mend = f"chmod 600 {home.secrets}/*"
        return Finding(check="permissions", level="fail", found=f"others can read {', '.join(loose)}", mend=mend)
    mend = "set JTRADER_HOME to a folder of yours"
    return _finding("permissions", good, f"{there} can{'' if good else 'not'} be written", mend)


def _closed(home: Home) -> Finding:
    closed = os.geteuid() == 0 and (is_closed(home.root / "hub") or is_closed(CHECKOUT / "platform"))
    found = "a folder above the checkout or home is closed to other users" if closed else "open to those who need them"
    mend = "all works but JupyterHub's notebook servers, which run as other users: chmod o+x that folder"
    return _finding("folders", not closed, found, mend, "warn")


def _length(home: Home) -> Finding:
    length = len(os.fsencode(home.run / "supervisor.sock"))
    where = "below home" if length <= SOCKET_PATH_LIMIT else f"in {home.supervisor_socket.parent}, as home is long"
    return Finding(check="home", level="ok", found=f"{home.root}; sockets {where}")


def _locale() -> Finding:
    encoding = sys.getfilesystemencoding()
    return _finding("locale", encoding == "utf-8", encoding, "export LANG=C.UTF-8", "warn")


def _keys(settings: Settings) -> Finding:
    paths = {account.name: settings.root / account.key_file for account in settings.accounts if account.key_file}
    missing = [f"{name}: {path} is missing" for name, path in paths.items() if not path.exists()]
    loose = [f"{name}: others can read {p}" for name, p in paths.items() if p.exists() and p.stat().st_mode & 0o077]
    found = "; ".join(missing + loose) or f"{len(settings.accounts)} accounts, settings are good"
    return _finding("settings", not missing + loose, found, "write the account's key file, mode 600")


def _ports(settings: Settings, stack: Stack) -> Iterator[Finding]:
    base = settings.stack.base_port
    if base == 0 or stack.supervisor_pid() is not None:
        return
    taken = [base + offset for offset in range(len(NAMES)) if is_taken(base + offset)]
    found = (
        "; ".join(f"{port} is held by {holder(port)}" for port in taken)
        or f"{base} to {base + len(NAMES) - 1} are free"
    )
    yield _finding("ports", not taken, found, "stop what holds them, or set JTRADER_STACK__BASE_PORT to another number")


def _services(stack: Stack) -> Iterator[Finding]:
    if stack.supervisor_pid() is None:
        yield Finding(check="services", level="ok", found="the stack is down; 'make up' starts it")
        return
    for row in stack.status(memory=False):
        if row.state != "stopped":
            mend = (
                f"look at {stack.home.log_of(row.service)}; it is restarted by itself, 'make down up' starts all anew"
            )
            yield _finding(row.service, row.healthy, row.trouble or row.state, mend)


def _logs(home: Home) -> Iterator[Finding]:
    for log in sorted(home.log.glob("*.log")):
        lines = [line for line in last_lines(log, 200) if _TROUBLE.search(line)]
        if lines:
            found = f"{len(lines)} lines of trouble lately, the last: {lines[-1].strip()[:160]}"
            yield Finding(check=f"log of {log.stem}", level="warn", found=found, mend=f"read {log}")
