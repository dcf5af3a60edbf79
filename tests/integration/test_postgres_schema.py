"""Migrations on a real Postgres: they make what the ORM says, also when processes start together, and analysts read."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from jtrader.domain.books import PositionState
from jtrader.domain.errors import BadInput
from jtrader.store.postgres.connection import connect
from jtrader.store.postgres.projection import PostgresProjection
from jtrader.store.postgres.reader import PostgresReader
from jtrader.store.postgres.schema import upgrade
from jtrader.store.postgres.tables import Base


@pytest.fixture(scope="module")
def desk(module_postgres):
    upgrade(module_postgres)
    engine = connect(module_postgres)
    yield engine
    engine.dispose()


def test_the_migrated_schema_is_the_orm_s(desk):
    with desk.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_processes_that_start_together_migrate_once(postgres):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, [postgres] * 4))
    engine = connect(postgres)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["0004"]
    engine.dispose()


def test_the_analyst_reads_everything_and_writes_nothing(databases, desk, module_postgres):
    path = urlsplit(module_postgres).path
    analyst = connect(urlsplit(databases.postgres("jtrader", "analyst"))._replace(path=path).geturl())
    with analyst.connect() as connection:
        for name in (*Base.metadata.tables, "v_pnl_daily", "v_lineage", "v_statement_latest", "v_pnl_live"):
            connection.execute(text(f"SELECT count(*) FROM {name}"))
        with pytest.raises(Exception, match=r"read-only|permission denied"):
            connection.execute(text("DELETE FROM fills"))
    analyst.dispose()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.decimals(min_value=-(10**20), max_value=10**20, places=18, allow_nan=False, allow_infinity=False))
def test_amounts_come_back_as_they_went_in(desk, amount):
    state = PositionState(
        account="a", strategy="s", instrument="m:X", settle="USDT", ts=2**62, quantity=amount, cost=-amount
    )
    PostgresProjection(desk).apply([], [state], [])
    [back] = PostgresReader(desk).positions()
    assert back == state


@pytest.mark.parametrize("uri", ["", "not an address", "mysql://u:p@h/d"])
def test_an_address_that_is_none_is_refused(uri):
    with pytest.raises(BadInput, match="postgres"):
        connect(uri)
