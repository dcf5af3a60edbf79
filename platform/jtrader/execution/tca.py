"""Transaction cost analysis of a parent: what it cost against the prices at its decision, first send and end.

Pure functions over journaled events and benchmark prices that the caller takes from recorded market data. Costs are
exact, in the settle asset, above zero = lost; ratios are in basis points of the decision price. Formulas: Perold's
implementation shortfall, split so that delay + execution + opportunity + fees = total, to the last digit.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, localcontext

import msgspec

from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.market import Trade
from jtrader.domain.money import EXACT, ONE, ZERO, round_half_even
from jtrader.domain.order import Fill
from jtrader.domain.payoff import notional, worth
from jtrader.domain.times import SECOND, Span
from jtrader.execution.parent_story import ParentStory

BPS = Decimal(10_000)
UNIT = Decimal("1E-18")
"""What a worth is rounded to before anything is added up: inverse contracts divide."""
HORIZONS = (1 * SECOND, 10 * SECOND, 60 * SECOND)


class Benchmarks(msgspec.Struct, frozen=True, kw_only=True):
    """Mid prices in quote. `source` says which recorded data they are of, so that they can be taken again."""

    decision: Decimal
    arrival: Decimal | None
    """At the first send; None = nothing was sent, and everything that was lost was opportunity."""
    end: Decimal
    interval: Decimal | None = None
    """VWAP or TWAP of the market from the first send to the end, own trades included."""
    source: str = ""


class Shortfall(msgspec.Struct, frozen=True, kw_only=True):
    delay: Decimal
    """From the decision to the first send."""
    execution: Decimal
    """From there to the fills."""
    opportunity: Decimal
    """What did not fill, at the end's price."""
    fees: Decimal
    total: Decimal
    bps: Decimal
    """The total in basis points of the decision's notional."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One parent. Slippages in bps, above zero = worse than the benchmark; None where there was no fill."""

    shortfall: Shortfall
    filled: Decimal
    fill_ratio: Decimal
    average: Decimal | None
    arrival_slippage: Decimal | None
    interval_slippage: Decimal | None
    maker_share: Decimal | None
    """Of the quantity filled."""
    children: int
    cancels: int
    rejects: int
    """By the venue or by the gate."""
    unknowns: int
    seconds: float | None
    """From the first send to the last fill, market time."""


def analyse(
    story: ParentStory, instrument: Instrument, prices: Benchmarks, rates: Mapping[str, Decimal] | None = None
) -> Report:
    """`rates`: what one unit of a fee's asset was worth in the settle asset. Raises BadInput where one is missing."""
    filled = sum((fill.quantity for fill in story.fills), ZERO)
    average = average_price(story.fills, instrument)
    made = sum((fill.quantity for fill in story.fills if fill.maker), ZERO)
    sign = story.intent.side.sign
    seconds = (story.fills[-1].ts - story.sent) / SECOND if story.fills and story.sent is not None else None
    return Report(
        shortfall=shortfall(story, instrument, prices, rates or {}),
        filled=filled,
        fill_ratio=filled / story.intent.quantity,
        average=average,
        arrival_slippage=slippage(sign, average, prices.arrival),
        interval_slippage=slippage(sign, average, prices.interval),
        maker_share=made / filled if filled else None,
        children=story.children,
        cancels=story.cancels,
        rejects=story.rejects,
        unknowns=story.unknowns,
        seconds=seconds,
    )


def shortfall(
    story: ParentStory, instrument: Instrument, prices: Benchmarks, rates: Mapping[str, Decimal]
) -> Shortfall:
    """Raises BadInput for a price that is none or a fee without a rate."""
    if min(prices.decision, prices.end, prices.decision if prices.arrival is None else prices.arrival) <= 0:
        raise BadInput(f"parent {story.intent.parent_id}: a benchmark price is not above zero")
    with localcontext(EXACT):
        side, quantity = story.intent.side.sign, story.intent.quantity
        decided, ended = _worth(instrument, prices.decision), _worth(instrument, prices.end)
        arrived = decided if prices.arrival is None else _worth(instrument, prices.arrival)
        filled = sum((fill.quantity for fill in story.fills), ZERO)
        paid = sum((fill.quantity * _worth(instrument, fill.price) for fill in story.fills), ZERO)
        fees = sum((fill.fee * _rate(fill, instrument, rates) for fill in story.fills), ZERO)
        delay = side * quantity * (arrived - decided)
        execution = side * (paid - filled * arrived)
        opportunity = side * (quantity - filled) * (ended - arrived)
        total = side * (paid - filled * decided) + side * (quantity - filled) * (ended - decided) + fees
        if delay + execution + opportunity + fees != total:
            raise Broken(f"parent {story.intent.parent_id}: the parts of the shortfall don't add up to {total}")
        base = notional(instrument.product, quantity, instrument.contract_value, prices.decision)
        return Shortfall(
            delay=delay,
            execution=execution,
            opportunity=opportunity,
            fees=fees,
            total=total,
            bps=total / base * BPS,
        )


def average_price(fills: Sequence[Fill], instrument: Instrument) -> Decimal | None:
    """The price at which all of it in one fill would be worth the same; None without fills."""
    quantity = sum((fill.quantity for fill in fills), ZERO)
    if not quantity:
        return None
    if instrument.product is Product.INVERSE:
        return quantity / sum((fill.quantity / fill.price for fill in fills), ZERO)
    return sum((fill.quantity * fill.price for fill in fills), ZERO) / quantity


def slippage(sign: int, average: Decimal | None, benchmark: Decimal | None) -> Decimal | None:
    """In bps of the benchmark, above zero = worse; None where either is missing."""
    if average is None or not benchmark:
        return None
    return sign * (average - benchmark) / benchmark * BPS


def mark_outs(
    story: ParentStory, mid: Callable[[int], Decimal | None], horizons: Sequence[int] = HORIZONS
) -> dict[int, Decimal | None]:
    """By horizon (ns): how far the mid was from the fills so long after, in bps weighted by quantity; above zero = the
    market went the parent's way. None where a mid is missing."""
    told: dict[int, Decimal | None] = {}
    for horizon in horizons:
        later = [(fill, mid(fill.ts + horizon)) for fill in story.fills]
        quantity = sum((fill.quantity for fill in story.fills), ZERO)
        known = [(fill, price) for fill, price in later if price is not None]
        if not quantity or len(known) < len(later):
            told[horizon] = None
            continue
        gains = (fill.side.sign * (price - fill.price) / fill.price * fill.quantity for fill, price in known)
        told[horizon] = sum(gains, ZERO) / quantity * BPS
    return told


def interval_vwap(trades: Iterable[Trade], span: Span) -> Decimal | None:
    """The market's volume-weighted price within [start, end), own trades included; None without trades."""
    inside = [trade for trade in trades if span.start <= trade.ts < span.end]
    quantity = sum(trade.quantity for trade in inside)
    if not quantity > 0:
        return None
    return Decimal(repr(sum(trade.price * trade.quantity for trade in inside) / quantity))


def _worth(instrument: Instrument, price: Decimal) -> Decimal:
    """Of one order unit, in the settle asset."""
    return round_half_even(worth(instrument.product, ONE, instrument.contract_value, price), UNIT)


def _rate(fill: Fill, instrument: Instrument, rates: Mapping[str, Decimal]) -> Decimal:
    if fill.fee_asset == instrument.settle or not fill.fee:
        return ONE
    try:
        return rates[fill.fee_asset]
    except KeyError:
        raise BadInput(
            f"fill {fill.trade_id} paid its fee in {fill.fee_asset}: its price in {instrument.settle} is needed"
        ) from None
