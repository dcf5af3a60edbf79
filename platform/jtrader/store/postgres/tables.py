"""The tables. Times are BIGINT nanoseconds (`*_ns`), amounts Numeric without precision: exact both ways."""

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Double, ForeignKeyConstraint, Index, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]


class Base(DeclarativeBase):
    """Columns by their Python type."""

    type_annotation_map = {int: BigInteger, Decimal: Numeric, float: Double, Json: JSONB, list[Any]: JSONB}  # noqa: RUF012


class ProjectionState(Base):
    """How far the journal is projected: `position` = number of the last record applied; `rules` = the version of the
    ledger's rules by which all of it was booked."""

    __tablename__ = "projection_state"
    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    rules: Mapped[int] = mapped_column(server_default="0")


class AccountRow(Base):
    __tablename__ = "accounts"
    account: Mapped[str] = mapped_column(primary_key=True)
    opened_ns: Mapped[int]
    balances: Mapped[Json]


class SignalRow(Base):
    __tablename__ = "signals"
    signal_id: Mapped[str] = mapped_column(primary_key=True)
    strategy: Mapped[str]
    instrument: Mapped[str]
    ts_ns: Mapped[int]
    prediction: Mapped[float]
    features: Mapped[Json]
    model_name: Mapped[str]
    model_version: Mapped[str]
    artifact_hash: Mapped[str]
    data_manifest: Mapped[str]
    commit: Mapped[str]
    allowed_brokers: Mapped[str]


class ParentRow(Base):
    """An intent; `refusal_code` is empty when it was taken."""

    __tablename__ = "parents"
    parent_id: Mapped[str] = mapped_column(primary_key=True)
    strategy: Mapped[str]
    account: Mapped[str]
    instrument: Mapped[str]
    side: Mapped[str]
    quantity: Mapped[Decimal]
    algorithm: Mapped[str]
    limit_price: Mapped[Decimal | None]
    reduce_only: Mapped[bool]
    signal_id: Mapped[str | None]
    reason: Mapped[str]
    ts_ns: Mapped[int]
    refusal_code: Mapped[str]
    refusal: Mapped[str]


class OrderRow(Base):
    """A child order and its state as of the last event; `code` and `reason` are the last refusal or end."""

    __tablename__ = "orders"
    __table_args__ = (Index("ix_orders_ts", "ts_ns"), Index("ix_orders_status", "status"))
    client_order_id: Mapped[str] = mapped_column(primary_key=True)
    parent_id: Mapped[str]
    strategy: Mapped[str]
    account: Mapped[str]
    instrument: Mapped[str]
    side: Mapped[str]
    type: Mapped[str]
    time_in_force: Mapped[str]
    quantity: Mapped[Decimal]
    price: Mapped[Decimal | None]
    reduce_only: Mapped[bool]
    status: Mapped[str]
    venue_order_id: Mapped[str | None]
    filled: Mapped[Decimal]
    code: Mapped[str]
    reason: Mapped[str]
    ts_ns: Mapped[int]
    updated_ns: Mapped[int]


class FillRow(Base):
    """One execution; `realised` is the venue's own figure where it gave one, ours is in the postings."""

    __tablename__ = "fills"
    __table_args__ = (Index("ix_fills_ts", "ts_ns"), Index("ix_fills_order", "client_order_id"))
    account: Mapped[str] = mapped_column(primary_key=True)
    instrument: Mapped[str] = mapped_column(primary_key=True)
    trade_id: Mapped[str] = mapped_column(primary_key=True)
    venue_order_id: Mapped[str]
    client_order_id: Mapped[str | None]
    side: Mapped[str]
    price: Mapped[Decimal]
    quantity: Mapped[Decimal]
    fee: Mapped[Decimal]
    fee_asset: Mapped[str]
    maker: Mapped[bool]
    realised: Mapped[Decimal | None]
    ts_ns: Mapped[int]


class PostingRow(Base):
    __tablename__ = "postings"
    __table_args__ = (Index("ix_postings_book_ts", "book", "ts_ns"),)
    account: Mapped[str] = mapped_column(primary_key=True)
    entry_id: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ts_ns: Mapped[int]
    kind: Mapped[str]
    book: Mapped[str]
    asset: Mapped[str]
    amount: Mapped[Decimal]
    instrument: Mapped[str | None]
    strategy: Mapped[str | None]
    reference: Mapped[str]


class PositionRow(Base):
    __tablename__ = "positions"
    account: Mapped[str] = mapped_column(primary_key=True)
    strategy: Mapped[str] = mapped_column(primary_key=True)
    instrument: Mapped[str] = mapped_column(primary_key=True)
    settle: Mapped[str]
    ts_ns: Mapped[int]
    quantity: Mapped[Decimal]
    cost: Mapped[Decimal]
    realised: Mapped[Decimal]
    fees: Mapped[Decimal]
    funding: Mapped[Decimal]
    mark: Mapped[Decimal | None]
    unrealised: Mapped[Decimal]


class PnlPointRow(Base):
    __tablename__ = "pnl_points"
    __table_args__ = (Index("ix_pnl_points_ts", "ts_ns"),)
    account: Mapped[str] = mapped_column(primary_key=True)
    strategy: Mapped[str] = mapped_column(primary_key=True)
    asset: Mapped[str] = mapped_column(primary_key=True)
    ts_ns: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    realised: Mapped[Decimal]
    unrealised: Mapped[Decimal]
    fees: Mapped[Decimal]
    funding: Mapped[Decimal]


class StatementRow(Base):
    """A reconciled day; amounts per asset are JSON objects of exact strings."""

    __tablename__ = "statements"
    account: Mapped[str] = mapped_column(primary_key=True)
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    verdict: Mapped[str]
    opening: Mapped[Json]
    closing: Mapped[Json]
    transfers: Mapped[Json]
    pnl_ledger: Mapped[Json]
    pnl_venue: Mapped[Json]
    fills: Mapped[int]
    matched: Mapped[int]
    in_transit: Mapped[list[Any]]


class QualityRow(Base):
    """How whole one kind of data of one instrument is on one UTC day; `gaps` by cause, in the same unit as `stored`."""

    __tablename__ = "data_quality"
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    instrument: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    expected: Mapped[int]
    stored: Mapped[int]
    gaps: Mapped[Json]
    quarantined: Mapped[int]


class BreakRow(Base):
    __tablename__ = "breaks"
    __table_args__ = (
        ForeignKeyConstraint(
            ("account", "date", "version"), ("statements.account", "statements.date", "statements.version")
        ),
    )
    account: Mapped[str] = mapped_column(primary_key=True)
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    what: Mapped[str]
    reference: Mapped[str]
    asset: Mapped[str]
    ours: Mapped[str]
    theirs: Mapped[str]
    detail: Mapped[str]
