"""One column as bytes that say how to read them, exact to the last bit.

Whole numbers: `I`, width in bytes, whether they are differences, base i64, divisor i64; then the deflated differences
(or distances from the base) divided by the divisor, in the narrowest type, byte planes apart. Floats that are short
decimals: `D`, number of decimals, and the whole numbers; other floats: `R` and deflated doubles. Ids that are text: `U`
and 16 bytes a UUID, else `T` and deflated JSON. Venues' times, ids and prices move in small steps and their quantities
repeat: a trade takes two to five bytes.
"""

import json
import re
import struct
import zlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from jtrader.domain.errors import Broken

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[Any]
"""int64 where the venue numbers, else an object array of text (or of numbers beyond 63 bits)."""

FAST, SMALL = 1, 6
"""Levels of deflate: for what is rewritten within the hour, and for what stays."""

_HEADER = struct.Struct("<B?qq")
_WIDTHS: dict[int, Any] = {1: np.dtype("<i1"), 2: np.dtype("<i2"), 4: np.dtype("<i4"), 8: np.dtype("<i8")}
_LIMITS = [(width, 1 << (8 * width - 1)) for width in (1, 2, 4)]
_MOST_DECIMALS = 12
_EXACT = 2.0**53
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def pack_integers(values: Integers, level: int = SMALL) -> bytes:
    """int64 of any length; differences wrap around, so no value is out of reach."""
    base = int(values[0]) if len(values) else 0
    distances = values - np.int64(base)
    steps = np.diff(values, prepend=values[:1])
    is_steps = _cost(steps) < _cost(distances)
    numbers = steps if is_steps else distances
    divisor = max(int(np.gcd.reduce(numbers)), 1) if len(numbers) else 1
    if divisor > 1:
        numbers = numbers // divisor
    width = _width(numbers)
    planes = numbers.astype(_WIDTHS[width]).view(np.uint8).reshape(-1, width).T
    return b"I" + _HEADER.pack(width, is_steps, base, divisor) + zlib.compress(planes.tobytes(), level)


def unpack_integers(data: bytes, count: int) -> Integers:
    """Raises Broken where `data` is no column of `count` whole numbers."""
    if data[:1] != b"I":
        raise Broken(f"a column of whole numbers starts with {data[:1]!r}; restore it from a backup")
    width, is_steps, base, divisor = _HEADER.unpack_from(data, 1)
    planes = np.frombuffer(zlib.decompress(data[1 + _HEADER.size :]), np.uint8)
    if len(planes) != count * width:
        raise Broken(f"a column holds {len(planes) // width} numbers, not {count}; restore it from a backup")
    if width == 1:
        numbers = planes.view(np.int8).astype(np.int64)
    else:
        numbers = np.ascontiguousarray(planes.reshape(width, count).T).view(_WIDTHS[width]).ravel().astype(np.int64)
    if divisor > 1:
        numbers *= divisor
    if is_steps:
        np.cumsum(numbers, out=numbers)
    numbers += base
    return numbers


def pack_floats(values: Floats, level: int = SMALL) -> bytes:
    for decimals in range(_MOST_DECIMALS + 1):
        scaled = np.rint(values * 10.0**decimals)
        if not np.abs(scaled).max(initial=0.0) < _EXACT:
            break
        numbers = scaled.astype(np.int64)
        if np.array_equal((numbers / 10.0**decimals).view(np.int64), values.view(np.int64)):
            return b"D" + bytes([decimals]) + pack_integers(numbers, level)
    return b"R" + zlib.compress(values.astype("<f8").tobytes(), level)


def unpack_floats(data: bytes, count: int) -> Floats:
    """Raises Broken where `data` is no column of `count` floats."""
    if data[:1] == b"D":
        numbers = unpack_integers(data[2:], count).astype(np.float64)
        return numbers / 10.0 ** data[1] if data[1] else numbers
    if data[:1] != b"R":
        raise Broken(f"a column of floats starts with {data[:1]!r}; restore it from a backup")
    values = np.frombuffer(zlib.decompress(data[1:]), "<f8")
    if len(values) != count:
        raise Broken(f"a column holds {len(values)} floats, not {count}; restore it from a backup")
    return values


def id_array(ids: Sequence[int | str]) -> Ids:
    """int64 if all are whole numbers that fit, else objects."""
    if all(type(each) is int for each in ids):
        try:
            return np.array(ids, np.int64)
        except OverflowError:
            pass
    objects = np.empty(len(ids), object)
    objects[:] = ids
    return objects


def pack_ids(ids: Ids, level: int = SMALL) -> bytes:
    if ids.dtype == np.int64:
        return pack_integers(ids, level)
    texts = ids.tolist()
    if all(type(text) is str and _UUID.fullmatch(text) for text in texts):
        return b"U" + b"".join(UUID(text).bytes for text in texts)
    return b"T" + zlib.compress(json.dumps(texts, separators=(",", ":")).encode(), level)


def unpack_ids(data: bytes, count: int) -> Ids:
    """Raises Broken where `data` is no column of `count` ids."""
    if data[:1] == b"I":
        return unpack_integers(data, count)
    if data[:1] == b"U":
        texts = [str(UUID(bytes=data[at : at + 16])) for at in range(1, len(data), 16)]
    elif data[:1] == b"T":
        texts = json.loads(zlib.decompress(data[1:]))
    else:
        raise Broken(f"a column of ids starts with {data[:1]!r}; restore it from a backup")
    if len(texts) != count:
        raise Broken(f"a column holds {len(texts)} ids, not {count}; restore it from a backup")
    return id_array(texts)


def _cost(numbers: Integers) -> float:
    """Roughly how many bits the numbers need together."""
    return float(np.log2(1.0 + np.abs(numbers.astype(np.float64))).sum())


def _width(numbers: Integers) -> int:
    low, high = int(numbers.min(initial=0)), int(numbers.max(initial=0))
    return next((width for width, limit in _LIMITS if -limit <= low and high < limit), 8)
