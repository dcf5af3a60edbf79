"""Collections that are one tree, ordered by the key of their rows: `_id` is `{instrument: str, ts: int64 ns}`.

With MongoDB's own `_id` and an index beside it a row goes into three trees, and mongod works three times as long on it.
`$in` and `$or` alone are no bounds of such a tree; a range of `_id` is. MongoDB has them since 5.3.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, OperationFailure

from jtrader.domain.errors import Broken
from jtrader.store.mongo.connection import Mongo

KEY = [("instrument", ASCENDING), ("ts", ASCENDING)]
"""Of earlier versions: a unique index on two fields of their rows."""
_DUPLICATE = 11000
_PAGE = 5_000
_EXISTS, _CURSOR_IS_GONE = 48, frozenset({43, 175, 237})

Document = Mapping[str, Any]


def clustered(mongo: Mongo, name: str) -> Collection[dict[str, Any]]:
    """Makes the collection of a series where it is not there yet, and moves what an earlier version stored under the
    series' own name into it. A move that was cut short goes on at the next call, and several may do it at once. Raises
    Unavailable, Broken."""
    rows = rows_of(mongo, name)
    mongo.run(f"{name}: layout", lambda: _make(mongo, rows))
    if mongo.run(f"{name}: layout", lambda: mongo.collections(name)):
        mongo.run(f"{name}: move from an earlier version", lambda: _move(mongo, name, rows))
    return rows


def readable(mongo: Mongo, name: str) -> Collection[dict[str, Any]]:
    """For those who may only read. Raises Broken where rows still lie as an earlier version stored them."""
    if mongo.run(f"{name}: layout", lambda: mongo.collections(name)):
        raise Broken(f"{name} lie as an earlier version stored them: 'jtrader crawl gaps' moves them, run it first")
    return rows_of(mongo, name)


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


def rows_of(mongo: Mongo, name: str) -> Collection[dict[str, Any]]:
    """The collection of a series, however it lies."""
    return mongo.collection(f"{name}_clustered")


def _make(mongo: Mongo, rows: Collection[dict[str, Any]]) -> None:
    if mongo.collections(rows.name):
        return
    layout = {"key": {"_id": 1}, "unique": True}
    try:
        rows.database.create_collection(rows.name, check_exists=False, clusteredIndex=layout)
    except OperationFailure as error:
        if error.code != _EXISTS:  # another process has made it
            raise


def _move(mongo: Mongo, old: str, rows: Collection[dict[str, Any]]) -> None:
    """What is in its new place already stays: it is younger."""
    try:
        for page in _pages(mongo.collection(old)):
            _insert(mongo, rows, page)
    except OperationFailure as error:
        if error.code in _CURSOR_IS_GONE and not mongo.collections(old):
            return  # another process has moved all
        raise
    mongo.collection(old).drop()


def _pages(rows: Collection[dict[str, Any]]) -> Iterator[Sequence[Document]]:
    page = []
    for row in rows.find({}, batch_size=_PAGE):
        own = row.pop("_id")
        if not row.keys() >= {"instrument", "ts"}:
            raise Broken(f"document {own} of {rows.name} is no row of a series: put it elsewhere, the others are moved")
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
