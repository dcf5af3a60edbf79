"""Connections to the desk's database; a server that is away becomes Unavailable."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from jtrader.domain.errors import BadInput, Unavailable

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 60

_NO_TABLE = "42P01"
"""PostgreSQL's code of a table or view that is not there."""


def connect(uri: str, application: str = "jtrader") -> Engine:
    """An engine on `postgresql://user:password@host:port/database`; connects when first used. Raises BadInput."""
    try:
        url = make_url(uri)
    except (ArgumentError, ValueError) as error:
        raise BadInput("postgres_uri is not an address; write postgresql://user:password@host:port/database") from error
    if not url.drivername.startswith("postgresql"):
        raise BadInput(f"postgres_uri begins with {url.drivername}://; only postgresql:// is known")
    return create_engine(
        url.set(drivername="postgresql+psycopg2"),
        pool_pre_ping=True,
        pool_size=4,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": application,
            "options": f"-c statement_timeout={STATEMENT_SECONDS * 1000} -c timezone=UTC",
        },
    )


@contextmanager
def reaching(engine: Engine) -> Iterator[None]:
    """Around every use: connection errors and a schema not yet made become Unavailable, everything else passes."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        raise Unavailable(_sentence(engine, error)) from error
    except ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) == _NO_TABLE:
            raise Unavailable(
                f"Postgres at {_where(engine)} has no tables of jtrader yet: the oms makes them at its start"
            ) from error
        raise
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable(_sentence(engine, error)) from error
        raise


def _sentence(engine: Engine, error: Exception) -> str:
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    return f"Postgres at {_where(engine)} does not answer ({cause}); see 'jtrader status', start it with 'make up'"


def _where(engine: Engine) -> str:
    return f"{engine.url.host}:{engine.url.port}/{engine.url.database}"
