"""What is missing of the stored market data, and what was put aside: rows for the command line."""

from collections.abc import Iterable, Sequence
from typing import Any

from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.crawling import open_places
from jtrader.crawl.gaps import CAUSES
from jtrader.crawl.plan import Kind, kinds_of
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import MINUTE, Span, iso, parse_time
from jtrader.ports.stores import Aside

LEDGERS = (Kind.CANDLES, Kind.TRADES, Kind.FUNDING, Kind.OPEN_INTEREST)
EVER = Span(0, 2**62)


def gaps(
    instruments: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
    start: str | None = None,
    end: str | None = None,
    causes: Sequence[str] = (),
    settings: Settings | None = None,
) -> list[dict[str, Any]]:
    """The recorded holes of the instruments (default: the settings') and kinds (default: all) that reach into the
    range, by kind, instrument and time. Raises BadInput, Unavailable."""
    if unknown := set(causes) - set(CAUSES):
        raise BadInput(f"'{min(unknown)}' is no cause of a gap; allowed is {', '.join(CAUSES)}")
    settings = settings or load_settings()
    span = _span(start, end)
    with open_places(settings) as places:
        return [
            {
                "instrument": name,
                "kind": str(kind),
                "start": iso(gap.start),
                "end": iso(gap.end),
                "minutes": round((gap.end - gap.start) / MINUTE, 3),
                "cause": gap.cause,
            }
            for kind in _ledgers(kinds)
            for name in _names(instruments, settings)
            for gap in places.ledger(kind).gaps(name, *span)
            if not causes or gap.cause in causes
        ]


def quarantine(
    instruments: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
    start: str | None = None,
    end: str | None = None,
    settings: Settings | None = None,
) -> list[dict[str, Any]]:
    """What was put aside and why, and whether a good row has taken its place. Raises BadInput, Unavailable."""
    settings = settings or load_settings()
    span = _span(start, end)
    with open_places(settings) as places:
        return [
            _aside(name, kind, one)
            for kind in _ledgers(kinds)
            for name in _names(instruments, settings)
            for one in places.ledger(kind).aside(name, *span)
        ]


def _aside(name: InstrumentId, kind: Kind, one: Aside[Any]) -> dict[str, Any]:
    """Values as text: what was put aside may be no number at all."""
    fields = [field for field in one.row.__struct_fields__ if field not in ("instrument", "ts")]
    values = ", ".join(f"{field} {getattr(one.row, field)}" for field in fields)
    return {
        "instrument": name,
        "kind": str(kind),
        "time": iso(one.row.ts),
        "row": values,
        "reason": one.reason,
        "replaced": one.replaced is not None,
    }


def _ledgers(kinds: Sequence[str] | None) -> Iterable[Kind]:
    """Of instruments there is none."""
    chosen = kinds_of(kinds) if kinds else LEDGERS
    return [kind for kind in chosen if kind in LEDGERS]


def _names(instruments: Sequence[str] | None, settings: Settings) -> list[InstrumentId]:
    return [InstrumentId(name) for name in dict.fromkeys(instruments or settings.crawl_instruments)]


def _span(start: str | None, end: str | None) -> Span:
    return Span(parse_time(start) if start else EVER.start, parse_time(end) if end else EVER.end)
