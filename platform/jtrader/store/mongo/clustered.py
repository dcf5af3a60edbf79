"""Collections that are one tree, ordered by the key of their rows: `_id` is `{instrument: str, ts: int64 ns}`.

With MongoDB's own `_id` and an index beside it a row goes into three trees, and mongod works three times as long on it.
`$in` and `$or` alone are no bounds of such a tree; a range of `_id` is. MongoDB has them since 5.3.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, OperationFailure

from jtrader.domain.errors import Broken
from jtrader.store.mongo.connection import Mongo

KEY = [("instrument", ASCENDING), ("ts", ASCENDING)]
"""Of earlier versions: a unique index on two fields of their rows."""
_DUPLICATE = 11000
_PAGE = 5_000
_NO_SUCH_COLLECTION, _EXISTS, _CURSOR_IS_GONE = 26, 48, frozenset({43, 175, 237})

Document = Mapping[str, Any]


def clustered(mongo: Mongo, name: str) -> Collection[dict[str, Any]]:
    """Makes the collection where it is not there yet, and moves what an earlier version stored into it. A move that was
    cut short goes on at the next call, and several may do it at once. Raises Unavailable, Broken."""
    mongo.run(f"{name}: layout", lambda: _make(mongo, name))
    for old in mongo.run(f"{name}: layout", lambda: _earlier(mongo, name)):
        mongo.run(f"{name}: move from an earlier version", partial(_move, mongo, old, name))
    return mongo.collection(name)


def readable(mongo: Mongo, name: str) -> Collection[dict[str, Any]]:
    """For those who may only read. Raises Broken where rows still lie as an earlier version stored them."""
    plain = [
        there for there in mongo.run(name, lambda: mongo.collections(name)) if "clusteredIndex" not in there["options"]
    ]
    waiting = mongo.run(name, lambda: _earlier(mongo, name))
    if plain or waiting:
        raise Broken(f"{name} lie as an earlier version stored them: 'jtrader crawl gaps' moves them, run it first")
    return mongo.collection(name)


def key_of(instrument: str, ts: int) -> dict[str, Any]:
    return {"instrument": instrument, "ts": ts}


def between(instrument: str, start: float = -math.inf, end: float = math.inf) -> dict[str, Any]:
    """The filter for start ≤ ts < end of one instrument."""
    return {"_id": {"$gte": {"instrument": instrument, "ts": start}, "$lt": {"instrument": instrument, "ts": end}}}


def flat(values: Iterable[str]) -> dict[str, Any]:
    """The projection that tells rows as if instrument and ts were fields like the `values`."""
    return {"_id": False, "instrument": "$_id.instrument", "ts": "$_id.ts", **dict.fromkeys(values, True)}


def instruments_in(rows: Collection[dict[str, Any]]) -> Iterator[str]:
    """All that have rows, ascending: a look for each."""
    found = rows.find_one({}, {"_id": True}, sort=[("_id", ASCENDING)])
    while found is not None:
        name = found["_id"]["instrument"]
        yield name
        beyond = {"_id": {"$gt": {"instrument": name, "ts": math.inf}}}
        found = rows.find_one(beyond, {"_id": True}, sort=[("_id", ASCENDING)])


def _make(mongo: Mongo, name: str) -> None:
    for there in mongo.collections(name):
        if "clusteredIndex" in there["options"]:
            return
        _unless(_NO_SUCH_COLLECTION, lambda: mongo.collection(name).rename(f"{name}_old_{ObjectId()}"))
    layout = {"key": {"_id": 1}, "unique": True}
    _unless(_EXISTS, lambda: mongo.collection(name).database.create_collection(name, clusteredIndex=layout))


def _unless(done: int, action: Any) -> None:
    """Another process may have done it."""
    try:
        action()
    except OperationFailure as error:
        if error.code != done:
            raise


def _earlier(mongo: Mongo, name: str) -> list[str]:
    return [there["name"] for there in mongo.collections({"$regex": f"^{name}_old_[0-9a-f]{{24}}$"})]


def _move(mongo: Mongo, old: str, name: str) -> None:
    """What is in its new place already stays: it is younger."""
    try:
        for page in _pages(mongo.collection(old)):
            _insert(mongo, mongo.collection(name), page)
    except OperationFailure as error:
        if error.code in _CURSOR_IS_GONE and not mongo.collections(old):
            return  # another process has moved all
        raise
    mongo.collection(old).drop()


def _pages(rows: Collection[dict[str, Any]]) -> Iterator[Sequence[Document]]:
    page = []
    for row in rows.find({}, {"_id": False}, batch_size=_PAGE):
        page.append({"_id": key_of(row.pop("instrument"), row.pop("ts")), **row})
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page


def _insert(mongo: Mongo, into: Collection[dict[str, Any]], page: Sequence[Document]) -> None:
    try:
        mongo.insert(into, page)
    except BulkWriteError as error:
        if any(fault["code"] != _DUPLICATE for fault in error.details["writeErrors"]):
            raise
