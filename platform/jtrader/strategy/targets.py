"""From what a strategy wants to hold to what has to be traded for it."""

from decimal import Decimal

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, ParentId, StrategyId
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.market import Candle
from jtrader.domain.money import ZERO
from jtrader.domain.order import Intent, Side
from jtrader.strategy.api import Target, View


def size(instrument: Instrument, notional: Decimal, price: float) -> Decimal:
    """The tradable quantity worth at most `notional` (quote) at a market-data price, which counts as the tick above."""
    return instrument.quantity_down(notional / _worth(instrument, instrument.ticks_up(price)))


def turn(direction: int, notional: Decimal, candle: Candle, view: View) -> Decimal | None:
    """The position to want for a direction (1, 0, −1), or None to keep what is held: a position that already heads
    there is not resized with each price. Spot can't be short: −1 is flat there."""
    if view.instrument.is_spot:
        direction = max(direction, 0)
    if direction == view.heading:
        return None
    return direction * size(view.instrument, notional, candle.close)


def delta(quantity: Decimal, view: View) -> Decimal:
    """The signed quantity to trade now so that the position goes towards `quantity` and never beyond it, whichever of
    the working orders fill: those of the other side are not counted on. Floored to lots towards zero; on spot a sale
    is at most what exists."""
    wanted = max(quantity, ZERO) if view.instrument.is_spot else quantity
    buy = wanted - (view.position + view.buying)
    sell = (view.position - view.selling) - wanted
    if view.instrument.is_spot:
        sell = min(sell, view.position - view.selling)
    if buy > 0:
        return view.instrument.quantity_down(buy)
    if sell > 0:
        return -view.instrument.quantity_down(sell)
    return ZERO


def intent_for(
    target: Target, view: View, candle: Candle, strategy: StrategyId, account: AccountId, ts: int
) -> Intent | None:
    """The intent that brings the position of the candle's instrument to the target, as `intent_at`. One strategy makes
    at most one intent an instrument and candle: the parent id names them, so that telling it twice does no harm."""
    if candle.instrument != view.instrument.id:
        raise BadInput(f"a candle of {candle.instrument} can't decide about {view.instrument.id}")
    parent = ParentId(f"{strategy}-{candle.instrument}-{candle.ts}")
    return intent_at(target, view, candle.close, parent, strategy, account, ts)


def intent_at(
    target: Target, view: View, price: float, parent: ParentId, strategy: StrategyId, account: AccountId, ts: int
) -> Intent | None:
    """The intent that brings the position to the target, or None where there is nothing to trade. `price` is the
    market's now, `ts` the market time of the decision.

    What only reduces a position is sent reduce-only, so that limits, breaks and kill levels against new risk leave the
    way out open. Quantities below the venue's least are left alone, and those below its least notional unless they
    reduce a derivative position.
    """
    instrument = view.instrument
    quantity = delta(target.quantity, view)
    reduces = _only_reduces(quantity, view.position)
    notional = abs(quantity) * _worth(instrument, instrument.ticks_down(price))
    if abs(quantity) < instrument.min_quantity or (
        notional < instrument.min_notional and (instrument.is_spot or not reduces)
    ):
        return None
    return Intent(
        parent_id=parent,
        strategy=strategy,
        account=account,
        instrument=instrument.id,
        side=Side.BUY if quantity > 0 else Side.SELL,
        quantity=min(abs(quantity), instrument.max_quantity),
        ts=ts,
        reduce_only=reduces,
        signal_id=target.signal.signal_id if target.signal else None,
        reason=target.reason,
    )


def _worth(instrument: Instrument, ticks: int) -> Decimal:
    """Of one order unit, in quote currency: an inverse contract is worth the same at any price. (Of a quanto contract:
    in the coin that it settles in.)"""
    if instrument.product is Product.INVERSE:
        return instrument.contract_value
    return instrument.price_at(ticks) * instrument.contract_value


def _only_reduces(quantity: Decimal, position: Decimal) -> bool:
    return quantity * position < 0 and abs(quantity) <= abs(position)
