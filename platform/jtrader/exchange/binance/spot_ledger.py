"""What moved on a spot account beside its trades: Binance has no ledger of spot, so its parts are read one by one.

https://developers.binance.com/docs/wallet (deposit and withdraw history, user universal transfer, dust log, asset
dividend) and https://developers.binance.com/docs/convert (trade history)
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import count
from typing import Any, NamedTuple

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import AccountId
from jtrader.domain.money import amount
from jtrader.domain.times import DAY, from_millis, nanos, to_millis
from jtrader.exchange.binance.fields import Row, reading, row_field
from jtrader.exchange.binance.session import BinanceSession
from jtrader.ports.broker import OrderRefusedByVenue

OTHER_WALLETS = ("UMFUTURE", "CMFUTURE", "MARGIN", "FUNDING")
NO_SUCH_WALLET = "-1100"
"""What transfers of a wallet that the user never opened are answered with."""
MOST_WINDOWS = 60

log = logging.getLogger(__name__)


class Source(NamedTuple):
    """One list: how it is asked, under which field of the answer its rows are, and what each row moved. `most` rows
    come at once; `limit` is the parameter that says so, where there is one. `paged`: by `current` and `size`."""

    method: str
    window: int
    fixed: Mapping[str, Any]
    field: str
    read: Callable[[AccountId, Row], Iterable[VenueEntry]]
    most: int
    limit: str = "limit"
    paged: bool = False


def sources() -> list[Source]:
    found = [
        Source("sapiGetCapitalDepositHisrec", 90 * DAY, {"status": 1}, "", _deposit, 1_000),
        Source("sapiGetCapitalWithdrawHistory", 90 * DAY, {"status": 6}, "", _withdrawal, 1_000),
        Source("sapiGetAssetDribblet", 90 * DAY, {}, "userAssetDribblets", _dust, 100, limit=""),
        Source("sapiGetConvertTradeFlow", 30 * DAY, {}, "list", _conversion, 1_000),
        Source("sapiGetAssetAssetDividend", 180 * DAY, {}, "rows", _dividend, 500),
    ]
    for wallet in OTHER_WALLETS:
        for kind, sign in ((f"MAIN_{wallet}", -1), (f"{wallet}_MAIN", 1)):
            moved = _transfer(sign)
            found.append(
                Source("sapiGetAssetTransfer", 90 * DAY, {"type": kind}, "rows", moved, 100, limit="size", paged=True)
            )
    return found


class SpotLedger:
    """Of one account. `page`: rows that one query asks for."""

    def __init__(self, session: BinanceSession, account: AccountId, page: int) -> None:
        self._session = session
        self._account = account
        self._page = page
        self._sources = sources()

    async def entries(self, start: int, end: int) -> list[VenueEntry]:
        """Everything that is done, start ≤ ts < end (ns), ascending. Raises BrokerError, Broken."""
        found: dict[str, VenueEntry] = {}
        for source in list(self._sources):
            for first, last in _windows(start, end, source.window):
                try:
                    for row in await self._rows(source, to_millis(first), to_millis(last - 1)):
                        found.update({entry.entry_id: entry for entry in source.read(self._account, row)})
                except OrderRefusedByVenue as refusal:
                    if refusal.code != NO_SUCH_WALLET or "type" not in source.fixed:
                        raise
                    log.info("there is no wallet for %s: %s", source.fixed["type"], refusal)
                    if source in self._sources:
                        self._sources.remove(source)
                    break
        return sorted((e for e in found.values() if start <= e.ts < end), key=lambda e: e.ts)

    async def _rows(self, source: Source, first: int, last: int) -> list[Row]:
        """First ≤ time ≤ last (ms). Of an answer that may hold rows back nobody knows which: its span is read in
        halves."""
        size = min(self._page, source.most) if source.limit else source.most
        query: dict[str, Any] = {**source.fixed, "startTime": first, "endTime": last}
        if source.limit:
            query[source.limit] = size
        if source.paged:
            return await self._pages(source, query, size)
        answer = await self._session.call(source.method, query)
        rows = _rows_of(source, answer)
        if len(rows) < size and not _has_more(answer):
            return rows
        if first == last:
            raise Broken(f"{source.method}: {size} rows or more within one millisecond ({first}): they can't be paged")
        middle = (first + last) // 2
        return [*await self._rows(source, first, middle), *await self._rows(source, middle + 1, last)]

    async def _pages(self, source: Source, query: Mapping[str, Any], size: int) -> list[Row]:
        found: list[Row] = []
        for number in count(1):
            page = _rows_of(source, await self._session.call(source.method, {**query, "current": number}))
            found += page
            if len(page) < size:
                break
        return found


def _rows_of(source: Source, answer: Any) -> list[Row]:
    return list(answer.get(source.field) or ()) if source.field else list(answer)


def _has_more(answer: Any) -> bool:
    """Conversions say so. A `total` is not gone by: Binance does not say whether it is of the span asked for."""
    return isinstance(answer, Mapping) and answer.get("moreData") in (True, "true")


def _entry(
    account: AccountId, entry_id: str, kind: EntryKind, asset: str, moved: Decimal, ts: int, reference: str = ""
) -> VenueEntry:
    return VenueEntry(
        account=account, entry_id=entry_id, kind=kind, asset=asset, amount=moved, ts=ts, reference=reference
    )


def _deposit(account: AccountId, row: Row) -> Iterator[VenueEntry]:
    with reading("deposit", row):
        name, ts = f"DEPOSIT-{row_field(row, 'id')}", from_millis(int(row_field(row, "insertTime")))
        yield _entry(account, name, EntryKind.TRANSFER, row_field(row, "coin"), amount(row_field(row, "amount")), ts)


def _withdrawal(account: AccountId, row: Row) -> Iterator[VenueEntry]:
    """`amount` is without the fee, which leaves the wallet too."""
    with reading("withdrawal", row):
        gone = amount(row_field(row, "amount")) + amount(row.get("transactionFee") or "0")
        name = f"WITHDRAW-{row_field(row, 'id')}"
        yield _entry(account, name, EntryKind.TRANSFER, row_field(row, "coin"), -gone, _text_time(row, "applyTime"))


def _transfer(sign: int) -> Callable[[AccountId, Row], Iterator[VenueEntry]]:
    def read(account: AccountId, row: Row) -> Iterator[VenueEntry]:
        if row.get("status", "CONFIRMED") != "CONFIRMED":
            return
        with reading("transfer", row):
            ts, moved = from_millis(int(row_field(row, "timestamp"))), amount(row_field(row, "amount"))
            name = f"MOVE-{row_field(row, 'tranId')}"
            yield _entry(account, name, EntryKind.TRANSFER, row_field(row, "asset"), sign * moved, ts)

    return read


def _dust(account: AccountId, whole: Row) -> Iterator[VenueEntry]:
    """What went, and the BNB that came for it, which is without the service charge."""
    for row in row_field(whole, "userAssetDribbletDetails"):
        with reading("dust conversion", row):
            asset, ts = row_field(row, "fromAsset"), from_millis(int(row_field(row, "operateTime")))
            name = f"DUST-{row_field(row, 'transId')}-{asset}"
            gone, come = amount(row_field(row, "amount")), amount(row_field(row, "transferedAmount"))
            yield _entry(account, f"{name}-out", EntryKind.CONVERT, asset, -gone, ts)
            yield _entry(account, f"{name}-in", EntryKind.CONVERT, "BNB", come, ts)


def _conversion(account: AccountId, row: Row) -> Iterator[VenueEntry]:
    if row.get("orderStatus", "SUCCESS") != "SUCCESS":
        return
    with reading("conversion", row):
        ts, name = from_millis(int(row_field(row, "createTime"))), f"CONVERT-{row_field(row, 'orderId')}"
        gone, come = amount(row_field(row, "fromAmount")), amount(row_field(row, "toAmount"))
        yield _entry(account, f"{name}-out", EntryKind.CONVERT, row_field(row, "fromAsset"), -gone, ts)
        yield _entry(account, f"{name}-in", EntryKind.CONVERT, row_field(row, "toAsset"), come, ts)


def _dividend(account: AccountId, row: Row) -> Iterator[VenueEntry]:
    """Distributions, interest, campaigns."""
    with reading("distribution", row):
        ts, name = from_millis(int(row_field(row, "divTime"))), f"DIVIDEND-{row_field(row, 'id')}"
        come = amount(row_field(row, "amount"))
        yield _entry(account, name, EntryKind.ADJUST, row_field(row, "asset"), come, ts, str(row.get("enInfo") or ""))


def _text_time(row: Row, field: str) -> int:
    """Text in UTC: "2026-01-15 11:12:02"."""
    text = str(row_field(row, field))
    try:
        return nanos(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC))
    except ValueError as error:
        raise Broken(f"Binance sent a withdrawal at '{text}', which is no time") from error


def _windows(start: int, end: int, width: int) -> Iterator[tuple[int, int]]:
    """[start, end) in pieces of at most `width`."""
    if end - start > MOST_WINDOWS * width:
        raise BadInput("a ledger of many years was asked for; ask for the range that the account has lived")
    for first in range(start, end, width):
        yield first, min(first + width, end)
