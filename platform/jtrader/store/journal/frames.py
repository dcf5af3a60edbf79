"""The bytes of a segment file: frames, each the records of one commit.

A frame is a 24-byte little-endian header and a payload of JSON lines, one `Sequenced` a line, readable with `less`:

    magic 4 bytes | payload length u32 | first record's number u64 | number of records u32 | crc32 u32 | payload

The checksum covers the header before it and the payload. The magic's first byte never occurs in UTF-8, so a frame can
be searched for. A commit is in one frame: it is recovered as a whole or not at all.
"""

import zlib
from collections.abc import Iterator
from struct import Struct

import msgspec

from jtrader.domain.events import Sequenced

MAGIC = b"\xf5JT1"
_HEADER = Struct("<4sIQI")
_CHECKSUM = Struct("<I")
OVERHEAD = _HEADER.size + _CHECKSUM.size

_decoder = msgspec.json.Decoder(Sequenced)


class Frame(msgspec.Struct, frozen=True):
    """Records `first` … `last` and where the frame ends in the file; `payload` is not decoded yet."""

    first: int
    last: int
    end: int
    payload: memoryview

    def records(self) -> list[Sequenced]:
        return _decoder.decode_lines(self.payload)


def encode_frame(first: int, count: int, payload: bytes | bytearray) -> bytes:
    """`payload`: `count` JSON lines, the first of them record number `first`."""
    header = _HEADER.pack(MAGIC, len(payload), first, count)
    return b"".join((header, _CHECKSUM.pack(zlib.crc32(payload, zlib.crc32(header))), payload))


def frame_at(data: memoryview, offset: int) -> Frame | None:
    """The whole and undamaged frame that starts at `offset`, or None."""
    body = offset + OVERHEAD
    if body > len(data):
        return None
    magic, length, first, count = _HEADER.unpack_from(data, offset)
    if magic != MAGIC or body + length > len(data):
        return None
    (checksum,) = _CHECKSUM.unpack_from(data, offset + _HEADER.size)
    payload = data[body : body + length]
    if zlib.crc32(payload, zlib.crc32(data[offset : offset + _HEADER.size])) != checksum:
        return None
    return Frame(first, first + count - 1, body + length, payload)


def frames(data: memoryview, offset: int = 0) -> Iterator[Frame]:
    """Frame after frame from `offset`, up to the end or the first that is torn or damaged."""
    while (frame := frame_at(data, offset)) is not None:
        yield frame
        offset = frame.end


def find_frame(data: bytes, offset: int) -> int | None:
    """Where the next undamaged frame after `offset` starts, if there is one."""
    view = memoryview(data)
    at = data.find(MAGIC, offset)
    while at >= 0:
        if frame_at(view, at) is not None:
            return at
        at = data.find(MAGIC, at + 1)
    return None
