"""Random numbers that depend on what they are for and on nothing else: seed, name and day give one Philox stream, so
that any day can be made first, last, twice or in another process."""

import zlib

import numpy as np


def keyed(seed: int, name: str, day: int) -> np.random.Generator:
    """The generator of `name` for UTC day number `day` (days since 1970); names are hashed with CRC-32."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, zlib.crc32(name.encode()), day])))
