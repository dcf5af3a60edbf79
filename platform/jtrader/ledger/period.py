"""An account's period as its own books tell it: replayed from journal events, reported in one currency."""

from collections.abc import Iterable

from jtrader.domain.books import Posting
from jtrader.domain.errors import Broken
from jtrader.domain.events import AccountOpened, EntryBooked, Event, LedgerAdjusted, OrderFilled
from jtrader.domain.ids import AccountId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO
from jtrader.ledger.book import Ledger
from jtrader.ledger.books import Marks
from jtrader.ledger.rates import Rates
from jtrader.ledger.reporting import CurrencyReport, Flow, Line, book_equity, flows, in_currency, open_gain
from jtrader.ledger.sides import in_venue_order, of_account


def report_period(
    account: AccountId,
    period: tuple[int, int],
    events: Iterable[Event],
    instruments: Iterable[Instrument],
    marks: tuple[Marks, Marks],
    currency: str,
    rates: Rates,
) -> CurrencyReport:
    """[start, end) ns; `marks` of positions at both ends, spot's too. What was booked up to the start is the opening.

    Raises BadInput for a missing mark, Broken where the currency is no par of its own.
    """
    start, end = period
    if (par := rates(currency, end)) is None or par.price != 1:
        raise Broken(f"the rates are not in {currency}")
    ledger = Ledger(instruments)
    booked: list[Posting] = []
    opening = None
    for event in in_venue_order(of_account(account, events)):
        ts = _time(event)
        if ts >= end and not isinstance(event, AccountOpened):
            continue
        if opening is None and ts >= start and not isinstance(event, AccountOpened):
            opening = (book_equity(ledger, account, marks[0]), open_gain(ledger, account, marks[0]))
        posted = ledger.apply(event)
        booked += posted if opening is not None else ()
    if opening is None:
        opening = (book_equity(ledger, account, marks[0]), open_gain(ledger, account, marks[0]))
    closing, left = book_equity(ledger, account, marks[1]), open_gain(ledger, account, marks[1])
    moved = flows(booked, ledger)
    for asset in sorted({*left, *opening[1]}):
        grown = left.get(asset, ZERO) - opening[1].get(asset, ZERO)
        moved += [Flow(end, Line.TRADING, asset, grown)] if grown else []
    return in_currency(account, currency, period, (opening[0], closing), moved, rates)


def _time(event: Event) -> int:
    """The venue's own time of what is booked."""
    match event:
        case OrderFilled(fill=fill):
            return fill.ts
        case EntryBooked(entry=entry):
            return entry.ts
        case LedgerAdjusted(at=at):
            return at
    return 0
