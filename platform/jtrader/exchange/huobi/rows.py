"""What the readers of HTX's account rows share. A missing or unreadable field is Broken: money is never guessed."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market, VenueOrderId, instrument_id
from jtrader.domain.money import ZERO, amount
from jtrader.domain.order import ChildOrder, OrderStatus, OrderType, Side, VenueOrder
from jtrader.domain.times import from_millis
from jtrader.ports.broker import OutcomeUnknown

Row = Mapping[str, Any]


def row_field(row: Row, *names: str) -> Any:
    """The first of these fields that is there, or Broken with the whole row."""
    for name in names:
        if (value := row.get(name)) is not None:
            return value
    raise Broken(f"HTX sent a row without '{names[0]}': {dict(row)}")


def exact(row: Row, *names: str) -> Decimal:
    """The first of these fields as an exact amount."""
    return amount(row_field(row, *names))


def exact_or_none(value: Any) -> Decimal | None:
    """A price that may be absent, empty or zero."""
    if value is None or value == "":
        return None
    found = amount(value)
    return found if found != ZERO else None


def last_time(row: Row, *names: str) -> int:
    """The latest of these times (ms, absent, empty or 0) in ns."""
    return from_millis(max(int(row.get(name) or 0) for name in names))


def ended_at_once(created: int, ended: int) -> bool:
    """Whether an order was over within a millisecond of its creation (ms): nobody is that fast but the venue."""
    return created > 0 and 0 <= ended - created <= 1


def rows_of(data: Any, name: str) -> Sequence[Row]:
    """Some answers are the list itself, some hold it under a name."""
    if isinstance(data, Mapping):
        data = data.get(name)
    return data or ()


def conditional_type(side: Side, rises: bool, has_price: bool) -> OrderType:
    """`rises`: it is triggered at or above its price. Stops sell below and buy above the market."""
    if rises == (side is Side.BUY):
        return OrderType.STOP_LIMIT if has_price else OrderType.STOP
    return OrderType.LIMIT_IF_TOUCHED if has_price else OrderType.MARKET_IF_TOUCHED


def rises(kind: OrderType, side: Side) -> bool:
    """Whether a conditional order is triggered at or above its trigger price."""
    is_stop = kind in (OrderType.STOP, OrderType.STOP_LIMIT)
    return is_stop == (side is Side.BUY)


def acknowledged(answer: Any, *names: str) -> str:
    """The id that the venue gave an order: the answer itself, or under one of these names. Raises OutcomeUnknown for an
    answer that tells none: the order may live."""
    found = next((answer[name] for name in names if answer.get(name)), None) if isinstance(answer, Mapping) else answer
    if not isinstance(found, int | str) or not str(found):
        raise OutcomeUnknown(f"HTX took an order without telling its id: {str(answer)[:200]}")
    return str(found)


def accepted(order: ChildOrder, venue_order_id: str) -> VenueOrder:
    """What an acknowledgement proves, which tells an id alone: what became of the order comes by the stream."""
    return VenueOrder(
        account=order.account,
        instrument=order.instrument,
        venue_order_id=VenueOrderId(venue_order_id),
        client_order_id=order.client_order_id,
        side=order.side,
        type=order.type,
        status=OrderStatus.NEW,
        quantity=order.quantity,
        price=order.price,
        ts=order.ts,
        trigger_price=order.trigger_price,
        reduce_only=order.reduce_only,
    )


class Reader:
    """Reads the rows of one account on one market."""

    def __init__(self, account: AccountId, market: Market) -> None:
        self.account = account
        self.market = market

    def instrument(self, symbol: Any) -> InstrumentId:
        return instrument_id(self.market, str(symbol))

    @contextlib.contextmanager
    def reading(self, what: str, row: Row) -> Iterator[None]:
        """Turns an unreadable number, side or date of a row into Broken."""
        try:
            yield
        except (ValueError, TypeError, BadInput) as error:
            raise Broken(f"{self.account}: HTX sent a {what} that can't be read ({error}): {dict(row)}") from error

    def status(self, states: Mapping[str, OrderStatus], state: Any, row: Row) -> OrderStatus:
        if str(state) not in states:
            raise Broken(f"{self.account}: HTX sent the unknown order state '{state}': {dict(row)}")
        return states[str(state)]


def client_id(text: Any) -> ClientOrderId | None:
    return ClientOrderId(str(text)) if text else None
