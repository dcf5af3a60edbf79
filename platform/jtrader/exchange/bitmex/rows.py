"""Rows of BitMEX's private tables, over REST or the stream alike → domain values. Fractions are text, so all is exact.

A missing or unreadable field is Broken: money is never guessed.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from jtrader.domain.account import Balance, EntryKind, VenueEntry, VenuePosition
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, TradeId, VenueOrderId, instrument_id
from jtrader.domain.money import ZERO, amount
from jtrader.domain.order import Fill, OrderStatus, OrderType, Side, VenueOrder
from jtrader.domain.times import parse_time
from jtrader.exchange.bitmex.errors import reason_of
from jtrader.exchange.bitmex.listing import MARKET
from jtrader.exchange.bitmex.units import asset_of, in_coins
from jtrader.ports.broker import Reason

Row = Mapping[str, Any]

STATUS = {
    "New": OrderStatus.NEW,
    "PendingNew": OrderStatus.NEW,
    "PartiallyFilled": OrderStatus.PARTIALLY_FILLED,
    "Filled": OrderStatus.FILLED,
    "DoneForDay": OrderStatus.NEW,
    "Canceled": OrderStatus.CANCELED,
    "PendingCancel": OrderStatus.PENDING_CANCEL,
    "Rejected": OrderStatus.REJECTED,
    "Expired": OrderStatus.EXPIRED,
    "Stopped": OrderStatus.NEW,
}

TYPES = {
    OrderType.MARKET: "Market",
    OrderType.LIMIT: "Limit",
    OrderType.STOP: "Stop",
    OrderType.STOP_LIMIT: "StopLimit",
    OrderType.MARKET_IF_TOUCHED: "MarketIfTouched",
    OrderType.LIMIT_IF_TOUCHED: "LimitIfTouched",
}
_TYPES = {word: kind for kind, word in TYPES.items()}
"""All others (Pegged, MarketWithLeftOverAsLimit …) trade as market orders: they are somebody else's."""
SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
_SIDES = {word: side for side, word in SIDES.items()}

_MADE = {"Settlement": EntryKind.DELIVERY}
_PAID = {
    "Funding": EntryKind.FUNDING,
    "Settlement": EntryKind.FEE,
    "Liquidation": EntryKind.LIQUIDATION_FEE,
    "Insurance": EntryKind.INSURANCE,
    "Rebate": EntryKind.REBATE,
}
"""What executions without a trade have made (execGrossPnl) and cost (execComm); an unlisted kind is an adjustment, so
that it is seen and sums."""

_MOVED = {
    "Deposit": EntryKind.TRANSFER,
    "Withdrawal": EntryKind.TRANSFER,
    "Transfer": EntryKind.TRANSFER,
    "Conversion": EntryKind.CONVERT,
    "AffiliatePayout": EntryKind.REBATE,
}
COMPLETED = "Completed"
"""The status of money that has moved; until then it is only asked for."""
SUMS = ("RealisedPNL", "UnrealisedPNL", "Funding")
"""Rows of the wallet's history that only sum up executions."""
_BY_REQUEST = "Canceled via API"


class RowReader:
    """Reads the rows of one account."""

    def __init__(self, account: AccountId) -> None:
        self._account = account

    def order(self, row: Row) -> VenueOrder:
        """`order`, and what an `execution` says of its order. A price that an order hasn't is null."""
        with reading("order", row):
            client_id, stop = row.get("clOrdID"), row.get("stopPx")
            return VenueOrder(
                account=self._account,
                instrument=_instrument(row),
                venue_order_id=VenueOrderId(row_field(row, "orderID")),
                client_order_id=ClientOrderId(client_id) if client_id else None,
                side=_SIDES[row_field(row, "side")],
                type=_TYPES.get(row_field(row, "ordType"), OrderType.MARKET),
                status=STATUS[row_field(row, "ordStatus")],
                quantity=amount(row.get("orderQty") or 0),
                filled=amount(row.get("cumQty") or 0),
                price=_price(row, "price"),
                ts=_ts(row),
                reason=ended_because(row),
                trigger_price=None if stop is None else amount(stop),
                is_triggered=bool(row.get("triggered")),
                reduce_only=any(word in (row.get("execInst") or "") for word in ("ReduceOnly", "Close")),
            )

    def fill(self, row: Row) -> Fill:
        """An `execution` of the type Trade."""
        with reading("trade", row):
            client_id, made = row.get("clOrdID"), row.get("execGrossPnl")
            wallet = row_field(row, "settlCurrency")
            return Fill(
                account=self._account,
                instrument=_instrument(row),
                trade_id=TradeId(row_field(row, "execID")),  # two own orders that meet share their trdMatchID
                venue_order_id=VenueOrderId(row_field(row, "orderID")),
                client_order_id=ClientOrderId(client_id) if client_id else None,
                side=_SIDES[row_field(row, "side")],
                price=amount(row_field(row, "lastPx")),
                quantity=amount(row_field(row, "lastQty")),
                fee=in_coins(row_field(row, "execComm"), wallet),
                fee_asset=asset_of(wallet),
                maker=str(row.get("lastLiquidityInd", "")).startswith("Added"),
                ts=_ts(row),
                realised=None if made is None else in_coins(made, wallet),
            )

    def entries(self, row: Row) -> list[VenueEntry]:
        """What an `execution` moves in the wallet: of a trade its fee and its result; funding; settlement."""
        kind = row_field(row, "execType")
        with reading("execution", row):
            wallet = row_field(row, "settlCurrency")
            cost, made = in_coins(row.get("execComm") or 0, wallet), in_coins(row.get("execGrossPnl") or 0, wallet)
        name = row_field(row, "execID")
        if kind == "Trade":
            found = [self._executed(row, f"{name}:fee", EntryKind.FEE, -cost)]
            return [*found, self._executed(row, f"{name}:pnl", EntryKind.TRADE, made)] if made else found
        parts = ((_PAID, "paid", -cost), (_MADE, "made", made))
        return [
            self._executed(row, f"{name}:{part}", kinds.get(kind, EntryKind.ADJUST), moved)
            for kinds, part, moved in parts
            if moved
        ]

    def moved(self, row: Row) -> VenueEntry:
        """Rows of `walletHistory` and `transact`: money that came or went."""
        with reading("wallet row", row):
            wallet = row_field(row, "currency")
            return VenueEntry(
                account=self._account,
                entry_id=row_field(row, "transactID"),
                kind=_MOVED.get(row_field(row, "transactType"), EntryKind.ADJUST),
                asset=asset_of(wallet),
                amount=in_coins(row_field(row, "amount"), wallet),
                ts=parse_time(row_field(row, "transactTime")),
            )

    def balance(self, row: Row) -> Balance:
        """`margin`: the wallet without what is not realised; free is what new orders may use of it."""
        with reading("margin", row):
            wallet = row_field(row, "currency")
            total = in_coins(row_field(row, "walletBalance"), wallet)
            free = min(total, in_coins(row_field(row, "availableMargin"), wallet))
            return Balance(account=self._account, asset=asset_of(wallet), total=total, free=free)

    def position(self, row: Row) -> VenuePosition:
        with reading("position", row):
            wallet = row_field(row, "currency")
            return VenuePosition(
                account=self._account,
                instrument=_instrument(row),
                quantity=amount(row_field(row, "currentQty")),
                entry_price=_price(row, "avgEntryPrice") or ZERO,
                mark=_price(row, "markPrice") or ZERO,
                unrealised=in_coins(row.get("unrealisedPnl") or 0, wallet),
                settle=asset_of(wallet),
            )

    def _executed(self, row: Row, entry_id: str, kind: EntryKind, moved: Decimal) -> VenueEntry:
        with reading("execution", row):
            return VenueEntry(
                account=self._account,
                entry_id=entry_id,
                kind=kind,
                asset=asset_of(row_field(row, "settlCurrency")),
                amount=moved,
                ts=_ts(row),
                instrument=_instrument(row),
                reference=row_field(row, "execID") if row["execType"] == "Trade" else "",
            )


def ended_because(row: Row) -> str:
    """Our word for why the venue ended an order unasked, else its own first line; empty while it lives, when it was
    filled, and when it was cancelled on request."""
    if row.get("ordStatus") not in ("Canceled", "Rejected", "Expired"):
        return ""
    text = str(row.get("text") or "").partition("\n")[0]
    if _BY_REQUEST in text:
        return ""
    reason = reason_of(text)
    return text if reason is Reason.OTHER else reason.value


def row_field(row: Row, name: str) -> Any:
    """The field, or Broken with the whole row."""
    value = row.get(name)
    if value is None:
        raise Broken(f"BitMEX sent a row without '{name}': {dict(row)}")
    return value


@contextlib.contextmanager
def reading(what: str, row: Row) -> Iterator[None]:
    """Turns an unreadable number, word or time of a row into Broken."""
    try:
        yield
    except (ValueError, KeyError, TypeError, BadInput) as error:
        raise Broken(f"BitMEX sent a {what} that can't be read ({error!r}): {dict(row)}") from error


def rows_of(answer: Any) -> Sequence[Row]:
    """A list of rows, or Broken."""
    if not isinstance(answer, list) or not all(isinstance(row, Mapping) for row in answer):
        raise Broken(f"BitMEX sent what is no list of rows: {str(answer)[:200]}")
    return answer


def _instrument(row: Row) -> InstrumentId:
    return instrument_id(MARKET, row_field(row, "symbol"))


def _price(row: Row, name: str) -> Decimal | None:
    value = row.get(name)
    return None if value is None else amount(value)


def _ts(row: Row) -> int:
    """When it happened: transactTime, else the row's own time."""
    return parse_time(row.get("transactTime") or row_field(row, "timestamp"))
