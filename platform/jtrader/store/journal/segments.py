"""The segment files of a journal folder: `<number of the first record, 20 digits>.journal`."""

import logging
import os
from pathlib import Path

from jtrader.domain.errors import Broken
from jtrader.store.journal.frames import find_frame, frames

SUFFIX = ".journal"

log = logging.getLogger(__name__)


def segment_path(folder: Path, first: int) -> Path:
    return folder / f"{first:020d}{SUFFIX}"


def segment_files(folder: Path) -> list[tuple[int, Path]]:
    """(number of the first record, file), ascending."""
    return sorted((int(file.stem), file) for file in folder.glob(f"*{SUFFIX}"))


def sync_folder(folder: Path) -> None:
    """Makes the names of new files in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_damage(file: Path, rest: bytes, offset: int) -> None:
    """`rest`: what `file` holds from `offset` on, where no whole frame starts. Raises Broken unless it can be a commit
    that was torn or is being written: then nothing intact comes after it."""
    later = find_frame(rest, 1)
    if later is not None:
        raise Broken(
            f"{file}: damaged from byte {offset} on, but byte {offset + later} starts an intact commit: records that"
            " were promised are damaged; restore the journal from a backup"
        )


def mend_tail(file: Path, first: int) -> int:
    """Cuts a torn commit off the newest segment; returns the number of its last record (`first` − 1 for none).

    Only the last commit can be torn. Where an undamaged frame follows the damage, records that were promised are lost:
    raises Broken and leaves the file as it is.
    """
    data = file.read_bytes()
    last, good = first - 1, 0
    for frame in frames(memoryview(data)):
        if frame.first != last + 1:
            raise Broken(
                f"{file}: record {frame.first} follows record {last} at byte {good}; restore the journal from a backup"
            )
        last, good = frame.last, frame.end
    if good == len(data):
        return last
    refuse_damage(file, data[good:], good)
    log.warning("%s: cut %d bytes of a torn commit after record %d", file, len(data) - good, last)
    with file.open("r+b") as handle:
        handle.truncate(good)
        os.fsync(handle.fileno())
    return last
