"""The tables of the projection, the books and the statements."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("opened_ns", sa.BigInteger(), nullable=False),
        sa.Column("balances", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "fills",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("trade_id", sa.String(), nullable=False),
        sa.Column("venue_order_id", sa.String(), nullable=False),
        sa.Column("client_order_id", sa.String(), nullable=True),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("fee", sa.Numeric(), nullable=False),
        sa.Column("fee_asset", sa.String(), nullable=False),
        sa.Column("maker", sa.Boolean(), nullable=False),
        sa.Column("realised", sa.Numeric(), nullable=True),
        sa.Column("ts_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "instrument", "trade_id"),
    )
    op.create_index("ix_fills_order", "fills", ["client_order_id"], unique=False)
    op.create_index("ix_fills_ts", "fills", ["ts_ns"], unique=False)
    op.create_table(
        "orders",
        sa.Column("client_order_id", sa.String(), nullable=False),
        sa.Column("parent_id", sa.String(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("time_in_force", sa.String(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=True),
        sa.Column("reduce_only", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("venue_order_id", sa.String(), nullable=True),
        sa.Column("filled", sa.Numeric(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("ts_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_order_id"),
    )
    op.create_index("ix_orders_status", "orders", ["status"], unique=False)
    op.create_index("ix_orders_ts", "orders", ["ts_ns"], unique=False)
    op.create_table(
        "parents",
        sa.Column("parent_id", sa.String(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("algorithm", sa.String(), nullable=False),
        sa.Column("limit_price", sa.Numeric(), nullable=True),
        sa.Column("reduce_only", sa.Boolean(), nullable=False),
        sa.Column("signal_id", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("ts_ns", sa.BigInteger(), nullable=False),
        sa.Column("refusal_code", sa.String(), nullable=False),
        sa.Column("refusal", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("parent_id"),
    )
    op.create_table(
        "pnl_points",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("ts_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("realised", sa.Numeric(), nullable=False),
        sa.Column("unrealised", sa.Numeric(), nullable=False),
        sa.Column("fees", sa.Numeric(), nullable=False),
        sa.Column("funding", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("account", "strategy", "asset", "ts_ns"),
    )
    op.create_index("ix_pnl_points_ts", "pnl_points", ["ts_ns"], unique=False)
    op.create_table(
        "positions",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("settle", sa.String(), nullable=False),
        sa.Column("ts_ns", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("cost", sa.Numeric(), nullable=False),
        sa.Column("realised", sa.Numeric(), nullable=False),
        sa.Column("fees", sa.Numeric(), nullable=False),
        sa.Column("funding", sa.Numeric(), nullable=False),
        sa.Column("mark", sa.Numeric(), nullable=True),
        sa.Column("unrealised", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("account", "strategy", "instrument"),
    )
    op.create_table(
        "postings",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ts_ns", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=True),
        sa.Column("strategy", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", "entry_id", "line"),
    )
    op.create_index("ix_postings_book_ts", "postings", ["book", "ts_ns"], unique=False)
    op.create_table(
        "projection_state",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "signals",
        sa.Column("signal_id", sa.String(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("ts_ns", sa.BigInteger(), nullable=False),
        sa.Column("prediction", sa.Double(), nullable=False),
        sa.Column("features", postgresql.JSONB(), nullable=False),
        sa.Column("model_name", sa.String(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("artifact_hash", sa.String(), nullable=False),
        sa.Column("data_manifest", sa.String(), nullable=False),
        sa.Column("commit", sa.String(), nullable=False),
        sa.Column("allowed_brokers", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("signal_id"),
    )
    op.create_table(
        "statements",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("opening", postgresql.JSONB(), nullable=False),
        sa.Column("closing", postgresql.JSONB(), nullable=False),
        sa.Column("transfers", postgresql.JSONB(), nullable=False),
        sa.Column("pnl_ledger", postgresql.JSONB(), nullable=False),
        sa.Column("pnl_venue", postgresql.JSONB(), nullable=False),
        sa.Column("fills", sa.BigInteger(), nullable=False),
        sa.Column("matched", sa.BigInteger(), nullable=False),
        sa.Column("in_transit", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("account", "date", "version"),
    )
    op.create_table(
        "breaks",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("ours", sa.String(), nullable=False),
        sa.Column("theirs", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account", "date", "version"],
            ["statements.account", "statements.date", "statements.version"],
        ),
        sa.PrimaryKeyConstraint("account", "date", "version", "number"),
    )


def downgrade() -> None:
    op.drop_table("breaks")
    op.drop_table("statements")
    op.drop_table("signals")
    op.drop_table("projection_state")
    op.drop_index("ix_postings_book_ts", table_name="postings")
    op.drop_table("postings")
    op.drop_table("positions")
    op.drop_index("ix_pnl_points_ts", table_name="pnl_points")
    op.drop_table("pnl_points")
    op.drop_table("parents")
    op.drop_index("ix_orders_ts", table_name="orders")
    op.drop_index("ix_orders_status", table_name="orders")
    op.drop_table("orders")
    op.drop_index("ix_fills_ts", table_name="fills")
    op.drop_index("ix_fills_order", table_name="fills")
    op.drop_table("fills")
    op.drop_table("accounts")
