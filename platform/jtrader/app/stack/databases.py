"""What the databases hold before anyone uses them: the desk's schema; and, on a PostgreSQL that is not ours, the tools'
databases beside the desk's and a role that only reads."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
from psycopg2 import errors, sql

from jtrader.app.stack.postgres import DATABASES, connect, let_reader_in
from jtrader.app.stack.service import Service
from jtrader.app.stack.site import Site
from jtrader.domain.errors import BadInput, Unavailable


def prepare(site: Site) -> None:
    """Brings the desk's schema to this version."""
    from jtrader.store.postgres.schema import upgrade

    make_databases(site)
    upgrade(site.postgres("jtrader"))


def make_databases(site: Site) -> None:
    """Makes what is missing: `<desk>_airflow`, `<desk>_mlflow`, `<desk>_hub`, the role `<desk>_analyst`. Raises
    BadInput where the desk's user may not, with what an administrator has to do."""
    if "postgres_uri" not in site.external:
        return
    with _desk(site) as cursor:
        for tool in DATABASES[1:]:
            name = site.postgres(tool).rpartition("/")[2]
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                _try(cursor, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        reader, password = site.reader
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (reader,))
        verb = sql.SQL("CREATE" if cursor.fetchone() is None else "ALTER")
        words = sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(reader), sql.Literal(password))
        _try(cursor, words)
        let_reader_in(cursor, reader)


@contextmanager
def _desk(site: Site) -> Iterator[Any]:
    try:
        connection = connect(site.settings.need("postgres_uri"))
    except psycopg2.OperationalError as error:
        raise Unavailable(f"JTRADER_POSTGRES_URI: {str(error).strip().splitlines()[0]}") from error
    with closing(connection), connection.cursor() as cursor:
        yield cursor


def _try(cursor: Any, statement: sql.Composable) -> None:
    try:
        cursor.execute(statement)
    except errors.InsufficientPrivilege as error:
        raise BadInput(
            f"the user of JTRADER_POSTGRES_URI may not do what the stack needs ({str(error).strip()}); let an "
            "administrator give it CREATEDB and CREATEROLE, or unset the URI to use the embedded server"
        ) from error


def nothing_wrong(site: Site, pid: int) -> str | None:  # noqa: ARG001
    return None


SERVICE = Service(
    name="databases",
    group="databases",
    command=None,
    healthy=nothing_wrong,
    needs=("postgres",),
    prepare=prepare,
)
