"""PostgreSQL refuses to run as root: under root it runs as a system user of its own."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jtrader.domain.errors import BadInput

USER = "pgserver"
_READ_SEARCH = 2
_OVERRIDE = 1
"""Linux capability numbers: CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE."""


def prefix(paths: Iterable[Path]) -> list[str]:
    """What stands before a command so that it runs without root's rights: nothing for an ordinary user. Where a folder
    above one of `paths` is closed to other users, the command keeps the one capability that lets it pass."""
    if os.geteuid() != 0:
        return []
    _ensure_user()
    command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"]
    if any(is_closed(path) for path in paths):
        right = _passing_right()
        command += [f"--inh-caps=+{right}", f"--ambient-caps=+{right}"]
    return [*command, "--"]


def give(folder: Path) -> None:
    """Makes the folder, private to the user that `prefix` switches to."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        _ensure_user()
        shutil.chown(folder, USER, USER)


def is_closed(path: Path) -> bool:
    """Whether other users are kept from reaching it by a folder above it."""
    return any(not parent.stat().st_mode & 0o001 for parent in path.absolute().parents)


def _passing_right() -> str:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff"))
    rights = int(line.split()[1], 16)
    for number, name in ((_READ_SEARCH, "dac_read_search"), (_OVERRIDE, "dac_override")):
        if rights >> number & 1:
            return name
    raise BadInput(
        f"a folder above the checkout or above JTRADER_HOME is closed to the user {USER}, and this root lacks the "
        "right to let it pass; open that folder (chmod o+x), or run as an ordinary user"
    )


@cache
def _ensure_user() -> None:
    try:
        pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", USER],
            check=True,
            capture_output=True,
        )
