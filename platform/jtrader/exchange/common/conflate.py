"""What a slow listener may lose: all but the newest of what only shows a state. Trades, candles, funding and statuses
are kept, each in its place."""

from collections.abc import Sequence

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth, Event, Mark, Quote
from jtrader.domain.order_book import merged


def conflated(events: Sequence[Event]) -> list[Event]:
    """The newest quote and mark of each instrument, and one depth event that has the effect of all of its own; they
    stand where the newest stood."""
    newest: dict[tuple[type[Event], InstrumentId], int] = {}
    depths: dict[InstrumentId, list[Depth]] = {}
    for number, event in enumerate(events):
        if isinstance(event, Depth):
            depths.setdefault(event.instrument, []).append(event)
        if isinstance(event, Quote | Mark | Depth):
            newest[type(event), event.instrument] = number
    kept: list[Event] = []
    for number, event in enumerate(events):
        if not isinstance(event, Quote | Mark | Depth):
            kept.append(event)
        elif newest[type(event), event.instrument] == number:
            kept.append(merged(depths[event.instrument]) if isinstance(event, Depth) else event)
    return kept
