"""manifest.json: what a data set is made of. It is written last, so a folder with one is complete."""

import hashlib
from pathlib import Path

import msgspec

from jtrader.domain.errors import Broken
from jtrader.ports.learning import Manifest

FILE = "manifest.json"


def data_files(folder: Path) -> list[Path]:
    """The Parquet files in name order: <market>.<symbol>/<date>.parquet."""
    return sorted(folder.glob("*/*.parquet"))


def content_hash(folder: Path) -> str:
    """sha256 over the Parquet files' bytes in name order."""
    digest = hashlib.sha256()
    for file in data_files(folder):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))


def read_manifest(folder: Path) -> Manifest | None:
    """None where the folder holds no data set. Raises Broken when the manifest can't be read."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise Broken(f"{folder / FILE} can't be read ({error}): delete the folder, training builds it anew") from error


def verify(folder: Path, manifest: Manifest) -> None:
    """Raises Broken unless the files are, byte for byte, those the manifest names."""
    found = content_hash(folder)
    if found != manifest.hash:
        raise Broken(
            f"{folder} has hash {found[:12]}…, its manifest says {manifest.hash[:12]}…: "
            "the files were changed; delete the folder, training builds it anew"
        )
