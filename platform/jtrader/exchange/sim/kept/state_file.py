"""The state file: one SQLite database that only one process opens.

It is written ahead (WAL): a commit survives the process. One that an account's request waits for is also flushed to the
disk, so that it survives the machine.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.exchange.sim.kept.rows import KeptKey, Moment
from jtrader.exchange.sim.market.tape import Print
from jtrader.venue.past import Past
from jtrader.venue.records import Income, Order, Trade

NAME = "state.db"
_TABLES = """
CREATE TABLE IF NOT EXISTS one (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys (number INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS orders (market TEXT, id INTEGER, account TEXT, data BLOB NOT NULL, PRIMARY KEY (market, id))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trades (market TEXT, account TEXT, number INTEGER, data BLOB NOT NULL,
    PRIMARY KEY (market, account, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS income (market TEXT, account TEXT, number INTEGER, data BLOB NOT NULL,
    PRIMARY KEY (market, account, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS prints (instrument TEXT, id INTEGER, ts INTEGER, price INTEGER, lots INTEGER, buys INTEGER,
    PRIMARY KEY (instrument, id)) WITHOUT ROWID;
"""
_MOMENT, _SETTINGS, _VENUE = "moment", "settings", "venue/"
_Row = TypeVar("_Row", Order, Trade, Income)


class StateFile:
    """Raises Unavailable while another process has it open, BadInput for a file that is no state."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(self.path, isolation_level=None, timeout=0.5)
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.executescript(_TABLES)
        except sqlite3.OperationalError as error:
            raise Unavailable(f"{self.path} can't be opened ({error}); does another simulator run there?") from error
        except (OSError, sqlite3.DatabaseError) as error:
            raise BadInput(f"{self.path} is no state of a simulator ({error}); delete it to begin anew") from error

    def close(self) -> None:
        self._db.close()

    # reading

    @property
    def settings(self) -> bytes | None:
        """What the market was made with; None in a new file."""
        return self._one(_SETTINGS)

    @property
    def is_new(self) -> bool:
        return self._one(_MOMENT) is None

    @property
    def moment(self) -> Moment:
        return msgspec.msgpack.decode(self._one(_MOMENT) or b"", type=Moment)

    @property
    def venues(self) -> dict[str, bytes]:
        found = self._db.execute("SELECT name, data FROM one WHERE name LIKE ?", (f"{_VENUE}%",))
        return {name.removeprefix(_VENUE): data for name, data in found}

    def known_keys(self) -> list[KeptKey]:
        return [msgspec.msgpack.decode(data, type=KeptKey) for (data,) in self._db.execute("SELECT data FROM keys")]

    def pasts(self, market: str) -> dict[str, Past]:
        orders = self._rows("SELECT account, data FROM orders WHERE market = ? ORDER BY id", market, Order)
        trades = self._rows("SELECT account, data FROM trades WHERE market = ? ORDER BY number", market, Trade)
        income = self._rows("SELECT account, data FROM income WHERE market = ? ORDER BY number", market, Income)
        names = {**orders, **trades, **income}
        return {name: Past(orders.get(name, []), trades.get(name, []), income.get(name, [])) for name in names}

    def prints(self, instrument: InstrumentId) -> Iterator[Print]:
        found = self._db.execute(
            "SELECT id, ts, price, lots, buys FROM prints WHERE instrument = ? ORDER BY id", (instrument,)
        )
        return (Print(number, ts, price, lots, bool(buys)) for number, ts, price, lots, buys in found)

    # writing, within `writing`

    @contextmanager
    def writing(self, durable: bool) -> Iterator[None]:
        """All of the block or nothing; `durable` waits for the disk. Raises Unavailable when it can't be written."""
        try:
            self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._db.execute("BEGIN")
            yield
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise Unavailable(f"{self.path} can't be written: {error}") from error

    def put_settings(self, settings: bytes) -> None:
        self._put(_SETTINGS, settings)

    def put_moment(self, moment: Moment) -> None:
        self._put(_MOMENT, msgspec.msgpack.encode(moment))

    def put_venue(self, market: str, dump: bytes) -> None:
        self._put(f"{_VENUE}{market}", dump)

    def put_key(self, key: KeptKey) -> None:
        row = (key.key, msgspec.msgpack.encode(key))
        self._db.execute(
            "INSERT INTO keys (key, data) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET data = excluded.data", row
        )

    def put_orders(self, market: str, orders: Iterable[Order]) -> None:
        rows = ((market, order.id, order.account, msgspec.msgpack.encode(order)) for order in orders)
        self._db.executemany("INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?)", rows)

    def put_trades(self, market: str, account: str, first: int, trades: Iterable[Trade]) -> None:
        """`first` numbers the first of them within the account."""
        self._db.executemany("INSERT INTO trades VALUES (?, ?, ?, ?)", _numbered(market, account, first, trades))

    def put_income(self, market: str, account: str, first: int, income: Iterable[Income]) -> None:
        self._db.executemany("INSERT INTO income VALUES (?, ?, ?, ?)", _numbered(market, account, first, income))

    def put_prints(self, prints: Iterable[tuple[InstrumentId, Print]]) -> None:
        rows = ((name, one.id, one.ts, one.price, one.quantity, int(one.buyer_is_taker)) for name, one in prints)
        self._db.executemany("INSERT INTO prints VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _one(self, name: str) -> bytes | None:
        row = self._db.execute("SELECT data FROM one WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def _put(self, name: str, data: bytes) -> None:
        self._db.execute("INSERT OR REPLACE INTO one VALUES (?, ?)", (name, data))

    def _rows(self, query: str, market: str, kind: type[_Row]) -> dict[str, list[_Row]]:
        decoder = msgspec.msgpack.Decoder(kind)
        found: dict[str, list[_Row]] = {}
        for account, data in self._db.execute(query, (market,)):
            found.setdefault(account, []).append(decoder.decode(data))
        return found


def _numbered(
    market: str, account: str, first: int, rows: Iterable[Trade] | Iterable[Income]
) -> Iterator[tuple[str, str, int, bytes]]:
    return ((market, account, number, msgspec.msgpack.encode(row)) for number, row in enumerate(rows, first))
