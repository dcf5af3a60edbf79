"""What moved on a spot account beside its trades, over a scripted venue that tells no more at once than Binance."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from jtrader.domain.account import EntryKind
from jtrader.domain.errors import Broken
from jtrader.domain.ids import AccountId
from jtrader.domain.times import DAY, MILLISECOND, to_datetime
from jtrader.exchange.binance.spot_ledger import SpotLedger

NOON = 1_768_478_400_000
"""Milliseconds."""
K = EntryKind
DUST = {"fromAsset": "XRP", "amount": "3", "transferedAmount": "0.002", "serviceChargeAmount": "0.00004"}
CONVERTED = {"fromAsset": "BTC", "fromAmount": "0.1", "toAsset": "USDT", "toAmount": "9000"}


def row_of(kind: str, number: int, millis: int) -> dict[str, Any]:
    text = to_datetime(millis * MILLISECOND).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "deposit": {"id": number, "amount": "5", "coin": "USDT", "insertTime": millis},
        "withdrawal": {"id": number, "amount": "5", "transactionFee": "1", "coin": "USDT", "applyTime": text},
        "dust": {"userAssetDribbletDetails": [DUST | {"transId": number, "operateTime": millis}]},
        "conversion": CONVERTED | {"orderId": number, "orderStatus": "SUCCESS", "createTime": millis},
        "dividend": {"id": number, "amount": "0.5", "asset": "BNB", "divTime": millis, "enInfo": "Launchpool"},
    }[kind]


METHODS = {
    "sapiGetCapitalDepositHisrec": ("deposit", "", 1_000),
    "sapiGetCapitalWithdrawHistory": ("withdrawal", "", 1_000),
    "sapiGetAssetDribblet": ("dust", "userAssetDribblets", 100),
    "sapiGetConvertTradeFlow": ("conversion", "list", 1_000),
    "sapiGetAssetAssetDividend": ("dividend", "rows", 500),
}


class Venue:
    """Rows of one kind by their millisecond, newest first, at most so many as Binance tells at once."""

    def __init__(self, kind: str, millis: list[int]) -> None:
        self.kind = kind
        self.rows = [(at, row_of(kind, number, at)) for number, at in enumerate(millis)]

    async def call(self, method: str, params: Mapping[str, Any], is_order: bool = False, urgent: bool = False) -> Any:
        kind, field, most = METHODS.get(method, ("transfer", "rows", 100))
        rows = [row for at, row in reversed(self.rows) if params["startTime"] <= at <= params["endTime"]]
        rows = rows if kind == self.kind else []
        shown = rows[: min(most, params.get("limit", most))]
        return shown if not field else {field: shown, "total": len(rows), "moreData": len(shown) < len(rows)}


def ledger(venue: Venue, page: int = 1_000) -> SpotLedger:
    return SpotLedger(venue, AccountId("alpha"), page)  # type: ignore[arg-type]


def entries(venue: Venue, page: int = 1_000) -> list[tuple[EntryKind, str, Decimal, int]]:
    start = (NOON - 1) * MILLISECOND
    found = asyncio.run(ledger(venue, page).entries(start, start + 90 * DAY))
    assert len({entry.entry_id for entry in found}) == len(found)
    return [(entry.kind, entry.asset, entry.amount, entry.ts // MILLISECOND) for entry in found]


MOVED = {
    "deposit": [(K.TRANSFER, "USDT", Decimal(5))],
    "withdrawal": [(K.TRANSFER, "USDT", Decimal(-6))],
    "dust": [(K.CONVERT, "XRP", Decimal(-3)), (K.CONVERT, "BNB", Decimal("0.002"))],
    "conversion": [(K.CONVERT, "BTC", Decimal("-0.1")), (K.CONVERT, "USDT", Decimal(9000))],
    "dividend": [(K.ADJUST, "BNB", Decimal("0.5"))],
}


@pytest.mark.parametrize("kind", MOVED)
@pytest.mark.parametrize(("rows", "page"), [(1, 1_000), (7, 3), (1_100, 1_000)])
def test_every_row_is_read_though_the_venue_tells_few_at_once(kind: str, rows: int, page: int) -> None:
    millis = [NOON + number * 60_000 for number in range(rows)]
    assert entries(Venue(kind, millis), page) == [(*moved, at) for at in millis for moved in MOVED[kind]]


@pytest.mark.parametrize("kind", MOVED)
def test_a_millisecond_that_fills_an_answer_is_refused_as_nobody_knows_what_follows(kind: str) -> None:
    with pytest.raises(Broken, match="can't be paged"):
        entries(Venue(kind, [NOON] * 1_000))


def test_a_conversion_that_failed_moved_nothing() -> None:
    venue = Venue("conversion", [NOON])
    venue.rows[0][1]["orderStatus"] = "FAIL"
    assert entries(venue) == []
