"""How whole the market data is, by day, instrument and kind; and its view."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

VIEW = """
    CREATE VIEW v_data_quality AS
    SELECT date, instrument, kind, expected, stored,
           CASE WHEN expected > no_trades THEN round(100.0 * stored / (expected - no_trades), 3) ELSE 100 END
               AS coverage,
           no_trades,
           coalesce((gaps ->> 'venue_has_none')::bigint, 0) AS venue_has_none,
           coalesce((gaps ->> 'not_fetched')::bigint, 0) AS not_fetched,
           coalesce((gaps ->> 'venue_down')::bigint, 0) AS venue_down,
           coalesce((gaps ->> 'we_were_down')::bigint, 0) AS we_were_down,
           coalesce((gaps ->> 'lost')::bigint, 0) AS lost,
           quarantined
    FROM data_quality, coalesce((gaps ->> 'no_trades')::bigint, 0) AS no_trades
"""


def upgrade() -> None:
    op.create_table(
        "data_quality",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("gaps", postgresql.JSONB(), nullable=False),
        sa.Column("quarantined", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("date", "instrument", "kind"),
    )
    op.execute(VIEW)


def downgrade() -> None:
    op.execute("DROP VIEW v_data_quality")
    op.drop_table("data_quality")
