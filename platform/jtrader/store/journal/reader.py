"""Reading a journal, also while another process writes it."""

from collections.abc import Iterator
from pathlib import Path

from jtrader.domain.errors import Broken
from jtrader.domain.events import Sequenced
from jtrader.store.journal.frames import Frame, frame_at, frames
from jtrader.store.journal.segments import refuse_damage, segment_files, segment_path

CHUNK = 8 * 1024 * 1024


def read_journal(folder: Path, after: int = 0) -> Iterator[Sequenced]:
    """The records numbered above `after`, in order, up to the last whole commit on disk. Raises Broken at a hole and
    at damage that is no torn tail."""
    tail = JournalTail(folder, after)
    while batch := tail.read():
        yield from batch


class JournalTail:
    """Follows a journal: each `read` gives what was committed since the last one.

    A commit that is being written is not seen until it is whole. What is read may not be fsynced yet: whoever must not
    run ahead of a crash passes `upto`, the writer's last committed record.
    """

    def __init__(self, folder: Path, after: int = 0) -> None:
        self._folder = folder
        self._after = after
        self._segment: int | None = None
        self._offset = 0

    def read(self, upto: int | None = None) -> list[Sequenced]:
        """The next records, some megabytes at most; empty when there are none yet. Raises Broken at damage."""
        while True:
            # listed before reading: a segment that has a successor now is complete, so all of it is seen below
            firsts = [first for first, _ in segment_files(self._folder)]
            if self._segment is None and not self._start(firsts):
                return []
            batch = self._next(upto)
            if batch or not self._succeed(firsts, upto):
                return batch

    def _start(self, firsts: list[int]) -> bool:
        """Picks the newest segment that can hold the next record wanted."""
        if not firsts:
            return False
        self._segment = max((first for first in firsts if first <= self._after + 1), default=None)
        if self._segment is None:
            raise Broken(f"{self._folder}: the first record on disk is {firsts[0]}, wanted is {self._after + 1}")
        return True

    def _succeed(self, firsts: list[int], upto: int | None) -> bool:
        """Goes on to the next segment, if this one is read to its end."""
        later = [first for first in firsts if self._segment is not None and first > self._segment]
        if not later or (upto is not None and self._after >= upto):
            return False
        if later[0] > self._after + 1:
            file = segment_path(self._folder, self._segment or 0)
            raise Broken(
                f"{file}: records {self._after + 1} to {later[0] - 1} are damaged or missing, from byte {self._offset};"
                " restore the journal from a backup"
            )
        self._segment, self._offset = later[0], 0
        return True

    def _next(self, upto: int | None) -> list[Sequenced]:
        batch: list[Sequenced] = []
        for frame in self._frames():
            if upto is not None and frame.last > upto:
                break
            self._offset += frame.end
            if frame.last <= self._after:
                continue
            records = [record for record in frame.records() if record.seq > self._after]
            if records[0].seq != self._after + 1:
                raise Broken(f"{self._folder}: record {records[0].seq} follows record {self._after}")
            self._after = frame.last
            batch += records
        return batch

    def _frames(self) -> Iterator[Frame]:
        """The whole frames of the next chunk; each `end` counts from the frame's own start."""
        assert self._segment is not None
        file = segment_path(self._folder, self._segment)
        with file.open("rb") as handle:
            handle.seek(self._offset)
            data = handle.read(CHUNK)
            if data and frame_at(memoryview(data), 0) is None:
                data += handle.read()
                if frame_at(memoryview(data), 0) is None:
                    refuse_damage(file, data, self._offset)
        start = 0
        for frame in frames(memoryview(data)):
            yield Frame(frame.first, frame.last, frame.end - start, frame.payload)
            start = frame.end
