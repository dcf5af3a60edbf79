"""Removing data sets that nobody needs any more."""

import datetime as dt
import shutil
from collections.abc import Collection
from pathlib import Path

from jtrader.domain.errors import Broken
from jtrader.store.lake.manifest import read_manifest


def prune(root: Path, named: Collection[str], older_than: dt.datetime) -> list[Path]:
    """Removes the sets below `root` whose manifest hash is not `named` and that were made before `older_than`; returns
    their folders. What can't be read is left for a person."""
    gone = []
    for folder in sorted(root.glob("[!.]*")):
        try:
            manifest = read_manifest(folder)
        except Broken:
            continue
        if manifest is None or manifest.hash in named:
            continue
        if dt.datetime.fromisoformat(manifest.created) < older_than:
            shutil.rmtree(folder)
            gone.append(folder)
    return gone
