"""The venue's records in the domain's words: orders, fills, ledger rows, positions; refusals as reasons."""

from decimal import Decimal

from jtrader.domain.account import EntryKind, VenueEntry, VenuePosition
from jtrader.domain.ids import AccountId, ClientOrderId, TradeId, VenueOrderId
from jtrader.domain.order import Fill, OrderType, Side, VenueOrder
from jtrader.ports.broker import Reason
from jtrader.venue.listing import Listing
from jtrader.venue.position import entry_price, unrealised
from jtrader.venue.records import Income, IncomeKind, Order, Position, Trade
from jtrader.venue.refusals import Why
from jtrader.venue.units import text
from jtrader.venue.words import Ended, Origin

ENTRY_KINDS = {
    IncomeKind.REALIZED_PNL: EntryKind.TRADE,
    IncomeKind.COMMISSION: EntryKind.FEE,
    IncomeKind.FUNDING_FEE: EntryKind.FUNDING,
    IncomeKind.TRANSFER: EntryKind.TRANSFER,
    IncomeKind.SETTLEMENT: EntryKind.SETTLEMENT,
    IncomeKind.DELIVERY: EntryKind.DELIVERY,
    IncomeKind.LIQUIDATION_FEE: EntryKind.LIQUIDATION_FEE,
    IncomeKind.INSURANCE: EntryKind.INSURANCE,
    IncomeKind.REBATE: EntryKind.REBATE,
    IncomeKind.CONVERT: EntryKind.CONVERT,
    IncomeKind.ADJUSTMENT: EntryKind.ADJUST,
    IncomeKind.DEPOSIT: EntryKind.TRANSFER,
    IncomeKind.WITHDRAWAL: EntryKind.TRANSFER,
}
REASONS = {
    Why.CLOSED: Reason.NOT_TRADING,
    Why.HALTED: Reason.NOT_TRADING,
    Why.BALANCE: Reason.FUNDS,
    Why.MARGIN: Reason.FUNDS,
    Why.REDUCE_ONLY: Reason.REDUCE_ONLY,
    Why.WOULD_TAKE: Reason.POST_ONLY,
    Why.WOULD_TRIGGER: Reason.WOULD_TRIGGER,
    Why.DUPLICATE_CLIENT_ID: Reason.DUPLICATE_ID,
    Why.TOO_MANY_ORDERS: Reason.TOO_MANY,
    Why.PRICE_STEP: Reason.FILTER,
    Why.PRICE_LOW: Reason.FILTER,
    Why.PRICE_HIGH: Reason.FILTER,
    Why.PRICE_BAND_HIGH: Reason.FILTER,
    Why.PRICE_BAND_LOW: Reason.FILTER,
    Why.QUANTITY_STEP: Reason.FILTER,
    Why.QUANTITY_LOW: Reason.FILTER,
    Why.QUANTITY_HIGH: Reason.FILTER,
    Why.MARKET_QUANTITY_HIGH: Reason.FILTER,
    Why.NOTIONAL_LOW: Reason.FILTER,
}
"""Any other is OTHER."""
_ENDED = {
    Ended.NOT: "",
    Ended.ASKED: "",
    Ended.TIME_IN_FORCE: "",
    Ended.POST_ONLY: Reason.POST_ONLY.value,
    Ended.REDUCE_ONLY: Reason.REDUCE_ONLY.value,
    Ended.FUNDS: Reason.FUNDS.value,
    Ended.CLOSED: Reason.NOT_TRADING.value,
}


def order_told(order: Order, account: AccountId, listing: Listing) -> VenueOrder:
    """An order that the venue itself made (liquidation) has no client id."""
    trigger = order.trigger
    return VenueOrder(
        account=account,
        instrument=listing.instrument.id,
        venue_order_id=VenueOrderId(str(order.id)),
        client_order_id=_client_id(order),
        side=_side(order.side),
        type=_type(order),
        status=order.status,
        quantity=Decimal(listing.quantity_text(order.lots)),
        filled=Decimal(listing.quantity_text(order.filled)),
        price=None if order.price is None else Decimal(listing.price_text(order.price)),
        ts=order.updated,
        reason=_ENDED.get(order.ended, Reason.OTHER.value),
        trigger_price=None if trigger is None else Decimal(listing.price_text(trigger.ticks)),
        is_triggered=order.triggered > 0,
        reduce_only=order.reduce_only,
    )


def fill_told(trade: Trade, order: Order, account: AccountId, listing: Listing) -> Fill:
    return Fill(
        account=account,
        instrument=listing.instrument.id,
        trade_id=TradeId(str(trade.id)),
        venue_order_id=VenueOrderId(str(trade.order_id)),
        client_order_id=_client_id(order),
        side=_side(trade.side),
        price=Decimal(listing.price_text(trade.price)),
        quantity=Decimal(listing.quantity_text(trade.lots)),
        fee=Decimal(text(trade.fee)),
        fee_asset=trade.fee_asset,
        maker=trade.maker,
        ts=trade.ts,
        realised=None if listing.instrument.is_spot else Decimal(text(trade.realised)),
    )


def entry_told(row: Income, account: AccountId, listing: Listing | None) -> VenueEntry:
    """`listing` of the row's symbol; None for rows without one."""
    kind = ENTRY_KINDS[row.kind]
    return VenueEntry(
        account=account,
        entry_id=str(row.id),
        kind=kind,
        asset=row.asset,
        amount=Decimal(text(row.amount)),
        ts=row.ts,
        instrument=None if listing is None else listing.instrument.id,
        reference="" if row.trade_id is None else str(row.trade_id),
    )


def position_told(position: Position, account: AccountId, listing: Listing, mark: int) -> VenuePosition:
    return VenuePosition(
        account=account,
        instrument=listing.instrument.id,
        quantity=Decimal(listing.quantity_text(position.lots)),
        entry_price=Decimal(text(entry_price(position, listing))),
        mark=Decimal(text(mark)),
        unrealised=Decimal(text(unrealised(position, listing, mark))),
        settle=listing.settle,
    )


def _client_id(order: Order) -> ClientOrderId | None:
    return ClientOrderId(order.client_id) if order.origin is Origin.ACCOUNT else None


def _side(sign: int) -> Side:
    return Side.BUY if sign > 0 else Side.SELL


def _type(order: Order) -> OrderType:
    if order.trigger is None:
        return OrderType.MARKET if order.price is None else OrderType.LIMIT
    if order.trigger.if_touched:
        return OrderType.MARKET_IF_TOUCHED if order.price is None else OrderType.LIMIT_IF_TOUCHED
    return OrderType.STOP if order.price is None else OrderType.STOP_LIMIT
