"""A paper account's venue in one SQLite database, which one process writes and others may read meanwhile.

What is alive is written whole when it changed; orders, trades and ledger rows only grow and are written row by row.
Every save is one transaction: it is there whole or not at all. A durable one has been flushed to the disk when it
returns.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import msgspec

from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.instrument import Product
from jtrader.venue.account import Account
from jtrader.venue.paper import Known, PaperMarket
from jtrader.venue.past import Past, dump_without_past
from jtrader.venue.records import Happened, Income, Order, OrderReported, Trade

_TABLES = """
CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY CHECK (one = 1), head BLOB NOT NULL, venue BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS trades (number INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS income (number INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS marks (symbol TEXT, minute INTEGER, mark INTEGER, PRIMARY KEY (symbol, minute))
    WITHOUT ROWID;
"""
VERSION = 1
_PATIENCE = 5.0
_Row = TypeVar("_Row", Order, Trade, Income)


class _Head(msgspec.Struct, frozen=True):
    version: int
    market: str
    product: Product
    account: str
    known: Known


class Kept(msgspec.Struct, frozen=True):
    """A paper account as it was at one moment."""

    market: str
    product: Product
    account: str
    known: Known
    venue: bytes
    past: Past


class PaperFile:
    """The writer's side. `restore` or the first `save` comes first."""

    def __init__(self, path: Path) -> None:
        """Raises Unavailable where it can't be opened, BadInput for a file that is no such database."""
        self.path = path
        self._trades = self._income = 0
        """How many rows are written."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.executescript(_TABLES)
        except (OSError, sqlite3.OperationalError) as error:
            raise Unavailable(f"{path} can't be opened ({error}); mend its owner or mode") from error
        except sqlite3.DatabaseError as error:
            raise _no_state(path, error) from error

    def restore(self, market: PaperMarket) -> Account | None:
        """The kept account, which `market` goes on with; None where nothing is kept yet. Raises BadInput."""
        kept = _read(self._db, self.path)
        if kept is None:
            return None
        if kept.market != market.venue.market:
            raise BadInput(f"{self.path} keeps an account of {kept.market}, not of {market.venue.market}")
        market.load(kept.venue, kept.known, {kept.account: kept.past})
        self._trades, self._income = len(kept.past.trades), len(kept.past.income)
        return market.venue.accounts[kept.account]

    def save(self, market: PaperMarket, account: Account, happened: Iterable[Happened], durable: bool = True) -> None:
        """What the market knows and holds now; `happened` since the last save. Raises Unavailable."""
        head = _Head(VERSION, market.venue.market, market.product, account.name, market.known)
        changed = {one.order.id for one in happened if isinstance(one, OrderReported)}
        orders = [account.orders[number] for number in sorted(changed)]
        try:
            self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._db.execute("BEGIN")
            self._db.executemany("INSERT OR REPLACE INTO orders VALUES (?, ?)", ((o.id, _pack(o)) for o in orders))
            self._db.executemany("INSERT INTO trades VALUES (?, ?)", _fresh(account.trades, self._trades))
            self._db.executemany("INSERT INTO income VALUES (?, ?)", _fresh(account.income, self._income))
            self._db.executemany("INSERT OR IGNORE INTO marks VALUES (?, ?, ?)", market.fresh_minutes())
            state = (_pack(head), dump_without_past(market.venue))
            self._db.execute("INSERT OR REPLACE INTO state VALUES (1, ?, ?)", state)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise Unavailable(f"{self.path} can't be written: {error}") from error
        self._trades, self._income = len(account.trades), len(account.income)

    def close(self) -> None:
        self._db.close()


def read_paper(path: Path) -> Kept:
    """A paper account as it stands on disk now, all of one moment. Raises BadInput where there is none, Unavailable."""
    with closing(_reader(path)) as db:
        db.execute("BEGIN")
        kept = _read(db, path)
    if kept is None:
        raise BadInput(f"{path} keeps no account yet: the oms opens it when it starts")
    return kept


def read_mark(path: Path, symbol: str, minute: int) -> int | None:
    """The mark of a full minute (ns) in atoms, if the feed told it. Raises BadInput, Unavailable."""
    with closing(_reader(path)) as db:
        row = db.execute("SELECT mark FROM marks WHERE symbol = ? AND minute = ?", (symbol, minute)).fetchone()
    return None if row is None else int(row[0])


def _reader(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise BadInput(f"there is no {path}: the oms opens a paper account when it starts")
    try:
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=_PATIENCE)
    except sqlite3.OperationalError as error:
        raise Unavailable(f"{path} can't be opened ({error})") from error


def _read(db: sqlite3.Connection, path: Path) -> Kept | None:
    try:
        state = db.execute("SELECT head, venue FROM state").fetchone()
        if state is None:
            return None
        head = msgspec.msgpack.decode(state[0], type=_Head)
        past = Past(
            _rows(db.execute("SELECT data FROM orders ORDER BY number"), Order),
            _rows(db.execute("SELECT data FROM trades ORDER BY number"), Trade),
            _rows(db.execute("SELECT data FROM income ORDER BY number"), Income),
        )
    except (sqlite3.DatabaseError, msgspec.DecodeError) as error:
        raise _no_state(path, error) from error
    if head.version != VERSION:
        raise BadInput(f"{path} is of version {head.version}; this is version {VERSION}")
    return Kept(head.market, head.product, head.account, head.known, state[1], past)


def _fresh(rows: Sequence[Trade] | Sequence[Income], written: int) -> Iterator[tuple[int, bytes]]:
    return ((number, _pack(row)) for number, row in enumerate(rows[written:], written))


def _rows(found: Iterable[tuple[bytes]], kind: type[_Row]) -> list[_Row]:
    decoder = msgspec.msgpack.Decoder(kind)
    return [decoder.decode(data) for (data,) in found]


def _pack(value: object) -> bytes:
    return msgspec.msgpack.encode(value)


def _no_state(path: Path, error: Exception) -> BadInput:
    return BadInput(f"{path} is no state of a paper account ({error}); put it away to begin anew under another name")
