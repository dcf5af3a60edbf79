"""What the engine asks of the world. The rim carries commands out after the events beside them are on disk."""

from decimal import Decimal

import msgspec

from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId
from jtrader.domain.order import ChildOrder
from jtrader.risk.verdict import ApprovedOrder


class SubmitOrder(msgspec.Struct, frozen=True):
    """Send it once; never again under this or another id before its absence is proven."""

    approved: ApprovedOrder

    @property
    def order(self) -> ChildOrder:
        return self.approved.order

    @property
    def account(self) -> AccountId:
        return self.approved.order.account

    @property
    def client_order_id(self) -> ClientOrderId:
        return self.approved.order.client_order_id


class CancelOrder(msgspec.Struct, frozen=True):
    account: AccountId
    instrument: InstrumentId
    client_order_id: ClientOrderId


class AmendOrder(msgspec.Struct, frozen=True):
    """Changes a resting order in place; `quantity` is its new total."""

    account: AccountId
    instrument: InstrumentId
    client_order_id: ClientOrderId
    quantity: Decimal
    price: Decimal


class QueryOrder(msgspec.Struct, frozen=True):
    """Look it up by our id, and the account's fills in the instrument since `since` (market time)."""

    account: AccountId
    instrument: InstrumentId
    client_order_id: ClientOrderId
    since: int


Command = SubmitOrder | AmendOrder | CancelOrder | QueryOrder
