"""The bytes of a spill segment: frames of batches, each with its length and checksum.

magic 4 bytes | payload length u32 | crc32 of the payload u32 | payload: msgpack array of TickBatch
"""

import zlib
from collections.abc import Iterator, Sequence
from struct import Struct

import msgspec

from jtrader.store.ticks.batch import TickBatch

MAGIC = b"\xf5TK1"
_HEADER = Struct("<4sII")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[TickBatch, ...]).decode


def encode_frame(batches: Sequence[TickBatch]) -> bytes:
    payload = _encode(batches)
    return _HEADER.pack(MAGIC, len(payload), zlib.crc32(payload)) + payload


class Damage(msgspec.Struct):
    """What could not be read of a segment."""

    bytes: int = 0


def frames(data: bytes, damage: Damage) -> Iterator[tuple[TickBatch, ...]]:
    """Every undamaged frame. What lies between them (a torn end, a damaged part) is added to `damage`."""
    at = 0
    while at < len(data):
        payload = _payload(data, at)
        if payload is None:
            following = data.find(MAGIC, at + 1)
            following = len(data) if following < 0 else following
            damage.bytes += following - at
            at = following
            continue
        yield _decode(payload)
        at += _HEADER.size + len(payload)


def _payload(data: bytes, at: int) -> bytes | None:
    body = at + _HEADER.size
    if body > len(data):
        return None
    magic, length, checksum = _HEADER.unpack_from(data, at)
    payload = data[body : body + length]
    if magic != MAGIC or len(payload) != length or zlib.crc32(payload) != checksum:
        return None
    return payload
