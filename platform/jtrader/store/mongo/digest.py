"""What is stored of a range, in a few figures: enough to notice that candles came or changed."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from jtrader.store.mongo.candles import CANDLES, VALUES
from jtrader.store.mongo.connection import Mongo


class CandleDigest(msgspec.Struct, frozen=True, kw_only=True):
    """Per instrument: how many minutes, and the sums of their values."""

    counts: dict[str, int]
    sums: dict[str, tuple[float, ...]]

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


def candle_digest(mongo: Mongo, instruments: Sequence[str], start: int, end: int) -> CandleDigest:
    """Of start ≤ ts < end (ns). Raises Unavailable."""
    pipeline: list[dict[str, Any]] = [
        {"$match": {"instrument": {"$in": list(instruments)}, "ts": {"$gte": start, "$lt": end}}},
        {"$sort": {"instrument": 1, "ts": 1}},
        {
            "$group": {
                "_id": "$instrument",
                "count": {"$sum": 1},
                **{name: {"$sum": f"${name}"} for name in VALUES},
            }
        },
    ]
    rows = mongo.run("digest", lambda: list(mongo.collection(CANDLES).aggregate(pipeline)))
    found = {row["_id"]: row for row in rows}
    return CandleDigest(
        counts={name: found[name]["count"] if name in found else 0 for name in instruments},
        sums={name: tuple(found[name][value] for value in VALUES) for name in instruments if name in found},
    )


def last_common_minute(mongo: Mongo, instruments: Sequence[str]) -> int | None:
    """Open time of the newest minute that every instrument has reached, or None where one has none."""

    def newest(instrument: str) -> int | None:
        row = mongo.collection(CANDLES).find_one({"instrument": instrument}, {"ts": True}, sort=[("ts", -1)])
        return None if row is None else int(row["ts"])

    found = [mongo.run("newest candle", lambda name=name: newest(name)) for name in instruments]  # type: ignore[misc]
    known = [ts for ts in found if ts is not None]
    return min(known) if len(known) == len(found) and known else None
