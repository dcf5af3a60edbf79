"""Which code this is: the checkout's commit, for lineage."""

import os
import subprocess

from jtrader.app.settings import CHECKOUT
from jtrader.domain.errors import Unavailable


def head_commit() -> str:
    """The 40 hex digits of HEAD; JTRADER_COMMIT, where it is set, is what an image without git was built from.

    Raises Unavailable.
    """
    stated = os.environ.get("JTRADER_COMMIT", "")
    if stated:
        return stated
    try:
        return _git("rev-parse", "HEAD", check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(
            f"the commit of {CHECKOUT} can't be told, and models without lineage are not made: install git, or set "
            "JTRADER_COMMIT"
        ) from error


def is_dirty() -> bool:
    """Whether tracked code or declarations differ from HEAD; False for a stated commit."""
    if os.environ.get("JTRADER_COMMIT"):
        return False
    try:
        return _git("diff", "--quiet", "HEAD", "--", "platform", "models").returncode == 1
    except (OSError, subprocess.SubprocessError):
        return False


def _git(*words: str, check: bool = False) -> "subprocess.CompletedProcess[str]":
    command = ["git", "-c", f"safe.directory={CHECKOUT}", "-C", str(CHECKOUT), *words]
    return subprocess.run(command, check=check, capture_output=True, text=True, timeout=30)
