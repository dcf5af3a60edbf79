"""By which of the ledger's rules the projection was booked; what stands there from before is of version 0."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("projection_state", sa.Column("rules", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("projection_state", "rules")
