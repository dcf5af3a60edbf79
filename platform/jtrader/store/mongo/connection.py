"""One connection to MongoDB: safe writes, bounded patience, errors translated once.

Every write waits for the majority and the journal. An action that fails because the server went away is tried again
until `patience` is over, so each action must be idempotent: it may have happened although its answer was lost.
"""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

from bson.errors import BSONError
from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    DuplicateKeyError,
    InvalidName,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)
from pymongo.read_concern import ReadConcern
from pymongo.uri_parser import parse_uri
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from jtrader.domain.errors import BadInput, Broken, Unavailable

T = TypeVar("T")
Document = Mapping[str, Any]

PATIENCE_SECONDS = 60.0
"""How long a running job waits for a server that went away; a supervised mongod is back within a few seconds."""
ANSWER_SECONDS = 30.0
"""How long a server that is there may think about one request."""
GREETING_SECONDS = 15.0
"""How long the first contact may take before the user is told."""

_SAFE = WriteConcern(w="majority", j=True)
_DUPLICATE = 11000
_WRONG_LOGIN = frozenset({13, 18})


class Mongo:
    """A database that outlives restarts of its server. Safe to use from several threads."""

    def __init__(
        self, uri: str, database: str, patience: float = PATIENCE_SECONDS, answer: float = ANSWER_SECONDS
    ) -> None:
        """`patience` and `answer` are seconds; see PATIENCE_SECONDS and ANSWER_SECONDS."""
        try:
            nodes = parse_uri(uri)["nodelist"]
            self._client: MongoClient[dict[str, Any]] = MongoClient(
                uri,
                serverSelectionTimeoutMS=2_000,
                connectTimeoutMS=2_000,
                heartbeatFrequencyMS=2_000,  # after a failure the server is trusted again at the next beat only
                socketTimeoutMS=int(answer * 1_000),
                retryWrites=True,
                appname="jtrader",
            )
            self._database = self._client.get_database(
                database,
                read_preference=ReadPreference.PRIMARY,
                read_concern=ReadConcern("majority"),
                write_concern=_SAFE,
            )
        except (ConfigurationError, InvalidName, ValueError) as error:
            raise BadInput(
                f"mongo_uri is not a MongoDB address ({type(error).__name__}); see JTRADER_MONGO_URI"
            ) from error
        self._where = ", ".join(f"{host}:{port}" for host, port in nodes)
        self._patience = patience

    def collection(self, name: str) -> Collection[dict[str, Any]]:
        return self._database[name]

    def collections(self, name: str) -> list[str]:
        """Within `run`: the name, if there is a collection of that name."""
        return self._database.list_collection_names(filter={"name": name})

    def greet(self, patience: float = GREETING_SECONDS) -> None:
        """Raises Unavailable when the server does not answer or refuses the login."""
        self.run("first contact", lambda: self._database.command("ping"), patience)

    def run(self, what: str, action: Callable[[], T], patience: float | None = None) -> T:
        """Does an idempotent action, waiting for the server to come back. Raises Unavailable, Broken."""
        limit = self._patience if patience is None else min(patience, self._patience)
        retrying = Retrying(
            retry=retry_if_exception(_passes),
            stop=stop_after_delay(limit),
            wait=wait_random_exponential(multiplier=0.1, max=1.0),
            reraise=True,
        )
        try:
            return retrying(action)
        except PyMongoError as error:
            raise self._translated(error, what, limit) from error
        except (BSONError, OverflowError) as error:
            raise Broken(f"MongoDB can't take this ({what}): {str(error)[:300]}") from error

    def transaction(self, what: str, action: Callable[[ClientSession], T]) -> T:
        """Does an idempotent action whose reads are of one moment and whose writes all happen or none. Every operation
        in it takes the session. Raises Unavailable, Broken."""

        def attempt() -> T:
            with self._client.start_session() as session:
                session.start_transaction(ReadConcern("snapshot"), _SAFE)
                result = action(session)
                self._commit(session)
                return result

        return self.run(what, attempt)

    def _commit(self, session: ClientSession) -> None:
        """Again while its outcome is unknown: given up half-way, it would hold what it wrote for a minute."""
        retrying = Retrying(
            retry=retry_if_exception(_is_unknown_commit),
            stop=stop_after_delay(self._patience),
            wait=wait_random_exponential(multiplier=0.1, max=1.0),
            reraise=True,
        )
        retrying(session.commit_transaction)

    def insert(self, into: Collection[dict[str, Any]], documents: Sequence[Document]) -> None:
        """Within `run`: all at once, safely; the server makes the ids, which saves a third of the driver's work."""
        answer = self._database.command(
            "insert", into.name, documents=documents, ordered=False, writeConcern=_SAFE.document
        )
        if answer.get("writeErrors"):
            raise BulkWriteError(answer)
        if doubt := answer.get("writeConcernError"):
            raise WriteConcernError(str(doubt.get("errmsg")), doubt.get("code"), doubt)

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> "Mongo":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _translated(self, error: PyMongoError, what: str, limit: float) -> Unavailable | Broken:
        if isinstance(error, OperationFailure) and error.code in _WRONG_LOGIN:
            return Unavailable(
                f"MongoDB at {self._where} refuses this login ({what}): check user and password in mongo_uri"
            )
        if _passes(error):
            return Unavailable(
                f"MongoDB at {self._where} did not answer for {limit:.0f} s ({what}): "
                "see 'jtrader status', start it with 'make up' and run again; what was stored stays"
            )
        return Broken(f"MongoDB at {self._where} refused ({what}): {str(error)[:300]}")


def _is_unknown_commit(error: BaseException) -> bool:
    return isinstance(error, PyMongoError) and error.has_error_label("UnknownTransactionCommitResult")


def _passes(error: BaseException) -> bool:
    """Whether the failure is of the connection or the moment, so that trying again can help."""
    if isinstance(error, AutoReconnect | DuplicateKeyError | WriteConcernError):
        return True
    if isinstance(error, BulkWriteError):
        return all(fault.get("code") == _DUPLICATE for fault in error.details.get("writeErrors", ()))
    return isinstance(error, PyMongoError) and (
        error.has_error_label("RetryableWriteError") or error.has_error_label("TransientTransactionError")
    )
