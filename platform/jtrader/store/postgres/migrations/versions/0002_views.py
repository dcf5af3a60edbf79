"""Views for people: dashboards, notebooks and the page read these. `time` is the market's, UTC."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

VIEWS = {
    "v_fills": """
        SELECT to_timestamp(f.ts_ns / 1000000000.0) AS time, f.account, coalesce(o.strategy, 'UNASSIGNED') AS strategy,
               f.instrument, f.side, f.quantity, f.price, f.quantity * f.price AS notional, f.fee, f.fee_asset, f.maker,
               coalesce(-p.amount, 0) AS realised, f.trade_id, f.client_order_id, f.ts_ns
        FROM fills f
        LEFT JOIN orders o USING (client_order_id)
        LEFT JOIN postings p ON p.account = f.account AND p.entry_id = 'fill:' || f.instrument || ':' || f.trade_id
                            AND p.book = 'realised'
    """,
    "v_orders": """
        SELECT to_timestamp(ts_ns / 1000000000.0) AS time, account, strategy, instrument, side, type, quantity, price,
               filled, status, code, reason, client_order_id, parent_id,
               to_timestamp(updated_ns / 1000000000.0) AS updated, ts_ns
        FROM orders
    """,
    "v_positions": """
        SELECT account, strategy, instrument, quantity,
               CASE WHEN quantity <> 0 THEN cost / quantity END AS average_price, mark, realised, unrealised, fees,
               funding, realised + unrealised + funding - fees AS pnl, settle,
               to_timestamp(ts_ns / 1000000000.0) AS time, ts_ns
        FROM positions
    """,
    "v_pnl_points": """
        SELECT to_timestamp(ts_ns / 1000000000.0) AS time, account, strategy, asset, realised, unrealised, fees,
               funding, realised + unrealised + funding - fees AS pnl, ts_ns
        FROM pnl_points
    """,
    "v_pnl_live": """
        SELECT DISTINCT ON (account, strategy, asset) *
        FROM v_pnl_points
        ORDER BY account, strategy, asset, ts_ns DESC
    """,
    "v_booked_daily": """
        SELECT (to_timestamp(ts_ns / 1000000000.0) AT TIME ZONE 'UTC')::date AS date, account, strategy, instrument,
               asset,
               -coalesce(sum(amount) FILTER (WHERE book = 'realised'), 0) AS realised,
               coalesce(sum(amount) FILTER (WHERE book = 'fees'), 0) AS fees,
               -coalesce(sum(amount) FILTER (WHERE book = 'funding'), 0) AS funding,
               -sum(amount) AS booked
        FROM postings
        WHERE book IN ('realised', 'fees', 'funding')
        GROUP BY 1, account, strategy, instrument, asset
    """,
    "v_statement_latest": """
        SELECT DISTINCT ON (s.account, s.date) s.*,
               (SELECT count(*) FROM breaks b
                WHERE (b.account, b.date, b.version) = (s.account, s.date, s.version)) AS breaks
        FROM statements s
        ORDER BY s.account, s.date, s.version DESC
    """,
    "v_breaks_latest": """
        SELECT b.*
        FROM breaks b
        JOIN v_statement_latest s USING (account, date, version)
    """,
    "v_pnl_daily": """
        SELECT s.date, s.account, asset, coalesce((s.pnl_ledger ->> asset)::numeric, 0) AS pnl,
               coalesce((s.pnl_venue ->> asset)::numeric, 0) AS pnl_venue, s.verdict, s.fills, s.matched, s.breaks
        FROM v_statement_latest s, jsonb_object_keys(s.pnl_venue || s.pnl_ledger) AS asset
    """,
    "v_lineage": """
        SELECT to_timestamp(f.ts_ns / 1000000000.0) AS time, f.account, f.instrument, f.trade_id, f.client_order_id,
               o.parent_id, p.strategy, p.reason, p.signal_id, s.prediction, s.model_name, s.model_version,
               s.artifact_hash, s.data_manifest, s.commit, f.ts_ns
        FROM fills f
        LEFT JOIN orders o USING (client_order_id)
        LEFT JOIN parents p USING (parent_id)
        LEFT JOIN signals s USING (signal_id)
    """,
}


def upgrade() -> None:
    for name, select in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {select}")


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
