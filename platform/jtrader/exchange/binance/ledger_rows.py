"""Rows of what an account holds and of its ledger → domain values."""

from decimal import Decimal

from jtrader.domain.account import Balance, EntryKind, MarginMode, VenueEntry, VenuePosition
from jtrader.domain.errors import Broken
from jtrader.domain.ids import AccountId, InstrumentId, Market, instrument_id
from jtrader.domain.money import amount
from jtrader.domain.times import from_millis
from jtrader.exchange.binance.fields import Row, reading, row_field
from jtrader.exchange.binance.listing import COINM

ENTRY_KINDS = {
    "REALIZED_PNL": EntryKind.TRADE,
    "COMMISSION": EntryKind.FEE,
    "FUNDING_FEE": EntryKind.FUNDING,
    "TRANSFER": EntryKind.TRANSFER,
    "INTERNAL_TRANSFER": EntryKind.TRANSFER,
    "CROSS_COLLATERAL_TRANSFER": EntryKind.TRANSFER,
    "STRATEGY_UMFUTURES_TRANSFER": EntryKind.TRANSFER,
    "COMMISSION_REBATE": EntryKind.REBATE,
    "API_REBATE": EntryKind.REBATE,
    "REFERRAL_KICKBACK": EntryKind.REBATE,
    "INSURANCE_CLEAR": EntryKind.LIQUIDATION_FEE,
    "DELIVERED_SETTELMENT": EntryKind.DELIVERY,
    "DELIVERED_SETTLEMENT": EntryKind.DELIVERY,
    "COIN_SWAP_DEPOSIT": EntryKind.CONVERT,
    "COIN_SWAP_WITHDRAW": EntryKind.CONVERT,
    "AUTO_EXCHANGE": EntryKind.CONVERT,
}
"""Income type → ours; an unlisted type is booked as an adjustment, so that it is seen and sums."""


class LedgerReader:
    """Reads the rows of one account."""

    def __init__(self, account: AccountId, market: Market) -> None:
        self._account = account
        self._market = market

    def balance(self, row: Row) -> Balance:
        """REST: futures account assets, or spot account balances."""
        with reading("balance", row):
            if "walletBalance" in row:
                total, free = amount(row["walletBalance"]), amount(row_field(row, "availableBalance"))
            else:
                free = amount(row_field(row, "free"))
                total = free + amount(row_field(row, "locked"))
            return Balance(account=self._account, asset=row_field(row, "asset"), total=total, free=free)

    def position(self, row: Row) -> VenuePosition:
        """REST: positionRisk. Hedge mode is refused: its two sides are two positions."""
        if row.get("positionSide", "BOTH") != "BOTH":
            raise Broken(f"account {self._account} is in hedge mode; switch it to one-way mode at the venue")
        with reading("position", row):
            return VenuePosition(
                account=self._account,
                instrument=self._instrument(row_field(row, "symbol")),
                quantity=amount(row_field(row, "positionAmt")),
                entry_price=amount(row_field(row, "entryPrice")),
                mark=amount(row_field(row, "markPrice")),
                unrealised=amount(row_field(row, "unRealizedProfit")),
                settle=row.get("marginAsset") or settle_asset(self._market, row_field(row, "symbol")),
            )

    def margin_mode(self, row: Row) -> MarginMode:
        """REST: USDT-M symbolConfig, COIN-M positionRisk."""
        return MarginMode.ISOLATED if row_field(row, "marginType").upper() == "ISOLATED" else MarginMode.CROSS

    def leverage(self, row: Row) -> Decimal:
        """REST: the same."""
        with reading("leverage", row):
            return amount(row_field(row, "leverage"))

    def entry(self, row: Row) -> VenueEntry:
        """REST: income. The venue's tranId is unique within an income type only, so the id holds both."""
        kind = row_field(row, "incomeType")
        symbol = row.get("symbol") or ""
        with reading("income", row):
            return VenueEntry(
                account=self._account,
                entry_id=f"{kind}-{row_field(row, 'tranId')}",
                kind=ENTRY_KINDS.get(kind, EntryKind.ADJUST),
                asset=row_field(row, "asset"),
                amount=amount(row_field(row, "income")),
                ts=from_millis(int(row_field(row, "time"))),
                instrument=self._instrument(symbol) if symbol else None,
                reference=str(row.get("tradeId") or ""),
            )

    def _instrument(self, symbol: str) -> InstrumentId:
        return instrument_id(self._market, symbol)


def settle_asset(market: Market, symbol: str) -> str:
    """COIN-M's BTCUSD_PERP settles in BTC; its positions don't say so."""
    return symbol.partition("USD")[0] if market == COINM else "USDT"
