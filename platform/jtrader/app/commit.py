"""Which code this is: the checkout's commit, for lineage."""

import os
import subprocess

from jtrader.app.settings import CHECKOUT
from jtrader.domain.errors import Unavailable


def head_commit() -> str:
    """The 40 hex digits of HEAD; where there is no git (an image), those of JTRADER_COMMIT. Raises Unavailable."""
    command = ["git", "-c", f"safe.directory={CHECKOUT}", "-C", str(CHECKOUT), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        stated = os.environ.get("JTRADER_COMMIT", "")
        if stated:
            return stated
        raise Unavailable(
            f"the commit of {CHECKOUT} can't be told, and models without lineage are not made: install git, or set "
            "JTRADER_COMMIT"
        ) from error


def is_dirty() -> bool:
    """Whether tracked code or declarations differ from HEAD; False where git can't tell."""
    command = ["git", "-c", f"safe.directory={CHECKOUT}", "-C", str(CHECKOUT), "diff", "--quiet", "HEAD", "--"]
    try:
        return subprocess.run([*command, "platform", "models"], check=False, timeout=30).returncode == 1
    except (OSError, subprocess.SubprocessError):
        return False
