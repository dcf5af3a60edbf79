"""Alembic's entry: migrates over the connection that `schema.upgrade` opened."""

from alembic import context

from jtrader.store.postgres.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
