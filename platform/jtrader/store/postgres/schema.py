"""Brings the database to the newest schema and lets analysts read it."""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from jtrader.store.postgres.connection import connect, reaching

READER = "analyst"
"""The role of notebooks and dashboards: it may read everything here and write nothing."""

_LOCK = 0x6A74_7261_6465  # "jtrade": one migration at a time, whichever process starts first
_GRANTS = f"""
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{READER}') THEN
    GRANT USAGE ON SCHEMA public TO {READER};
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER};
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {READER};
  END IF;
END $$
"""


def upgrade(uri: str) -> None:
    """Runs what is missing, in one transaction; safe to call from several processes at once. Raises Unavailable."""
    engine = connect(uri, "jtrader-migrations")
    try:
        with reaching(engine), engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            command.upgrade(alembic_config(connection), "head")
            connection.execute(text(_GRANTS))
    finally:
        engine.dispose()


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for a connection of ours; the migrations lie beside this file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return config
