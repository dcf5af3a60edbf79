"""What of a venue's words can be true, kind by kind."""

from collections.abc import Callable, Mapping
from typing import Any

from jtrader.domain.errors import BadInput
from jtrader.domain.market import Candle, Event, Mark, Quote, Trade, check_candle

_INFINITE = float("inf")


def is_sane(event: Event) -> bool:
    """No NaN, no zero price, no crossed quote: what can't be true isn't handed on. Books are proven where they are
    kept."""
    check = CHECKS.get(type(event))
    return check is None or check(event)


def _quote_can_be(event: Quote) -> bool:
    return 0.0 < event.bid < event.ask < _INFINITE and event.bid_quantity > 0.0 and event.ask_quantity > 0.0


def _trade_can_be(event: Trade) -> bool:
    return 0.0 < event.price < _INFINITE and 0.0 < event.quantity < _INFINITE


def _mark_can_be(event: Mark) -> bool:
    return 0.0 < event.mark < _INFINITE


def _candle_can_be(event: Candle) -> bool:
    try:
        check_candle(event)
    except BadInput:
        return False
    return True


CHECKS: Mapping[type[Event], Callable[[Any], bool]] = {
    Quote: _quote_can_be,
    Trade: _trade_can_be,
    Mark: _mark_can_be,
    Candle: _candle_can_be,
}
