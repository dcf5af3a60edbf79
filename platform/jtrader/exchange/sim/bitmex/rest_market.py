"""Public market data. Every payload carries market time."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice, takewhile
from typing import Any

from jtrader.domain.times import MILLISECOND, MINUTE
from jtrader.exchange.sim.bitmex.assets import ASSETS
from jtrader.exchange.sim.bitmex.call import Call, Page
from jtrader.exchange.sim.bitmex.errors import invalid
from jtrader.exchange.sim.bitmex.instrument_row import index_row, instrument_row, interval_word
from jtrader.exchange.sim.bitmex.market_rows import MINUTES, bin_row, level_row, quote_row, trade_row
from jtrader.exchange.sim.bitmex.words import number, stamp
from jtrader.exchange.sim.history import History
from jtrader.exchange.sim.market.funding import last_funding
from jtrader.exchange.sim.market.tape import Kline, Print
from jtrader.exchange.sim.tape import merged
from jtrader.exchange.sim.world import World
from jtrader.matching.book import BUY, SELL
from jtrader.venue.listing import Listing
from jtrader.venue.units import text

MOST_ROWS = 1000
MOST_INSTRUMENTS = 500


def assets(call: Call) -> list[dict[str, Any]]:  # noqa: ARG001
    return ASSETS


def instruments(call: Call) -> list[dict[str, Any]]:
    page = call.page(MOST_INSTRUMENTS)
    rows = [instrument_row(call.world, listing) for listing in call.listings()]
    return call.picked(page.of(rows))


def active(call: Call) -> list[dict[str, Any]]:
    """What is open now; a contract that was settled is gone."""
    return [row for row in _all(call) if row["state"] in ("Open", "Closed")]


def indices(call: Call) -> list[dict[str, Any]]:
    found = {row["symbol"]: row for row in (index_row(call.world, listing) for listing in call.listings())}
    return list(found.values())


def active_and_indices(call: Call) -> list[dict[str, Any]]:
    return active(call) + indices(call)


def _all(call: Call) -> list[dict[str, Any]]:
    return [instrument_row(call.world, listing) for listing in call.venue.listings.values()]


def order_book(call: Call) -> list[dict[str, Any]]:
    """Both sides, from the highest ask down; depth 0 is the whole book."""
    listing, depth = call.listing(), call.integer("depth")
    wanted = 25 if depth is None else depth or 10**6
    book = call.venue.books[listing.symbol]
    asks = [(SELL, level) for level in reversed(book.depth(SELL, wanted))]
    bids = [(BUY, level) for level in book.depth(BUY, wanted)]
    return [level_row(call.world, listing, side, level.ticks, level.lots) for side, level in asks + bids]


def quotes(call: Call) -> list[dict[str, Any]]:
    """The newest of each symbol; older ones are not kept."""
    return [quote_row(call.world, listing) for listing in call.listings()]


def trades(call: Call) -> list[dict[str, Any]]:
    listing, page = call.listing(), call.page(MOST_ROWS)
    history = call.history(listing)
    deals = list(_deals(history, page))
    before = _price_before(history, deals[0]) if deals else 0
    rows = []
    for deal in deals:
        rows.append(trade_row(call.world, listing, deal, before))
        before = deal.price
    return call.picked(rows[::-1] if page.newest_first else rows)


def _deals(history: History, page: Page) -> Iterator[Print]:
    """A page, ascending. Times count whole milliseconds."""
    first, last = page.first, page.first + page.count
    if page.newest_first:
        return reversed(list(islice(_backwards(history, page), first, last)))
    ends = history.now if page.end is None else page.end + MILLISECOND - 1
    found = takewhile(lambda deal: deal.ts <= ends, history.prints_from(page.start or 0))
    return islice(found, first, last)


def _backwards(history: History, page: Page) -> Iterator[Print]:
    """From the newest within the page's times."""
    end = history.now if page.end is None else min(page.end + MILLISECOND - 1, history.now)
    lowest = max(page.start or 0, history.first_minute)
    minute = end // MINUTE * MINUTE
    while minute + MINUTE > lowest:
        yield from (deal for deal in reversed(_of_minute(history, minute)) if lowest <= deal.ts <= end)
        minute -= MINUTE


def _of_minute(history: History, minute: int) -> list[Print]:
    return list(takewhile(lambda deal: deal.ts < minute + MINUTE, history.prints_from(minute)))


def _price_before(history: History, deal: Print) -> int:
    found = next(iter(history.prints_from_id(deal.id - 1)), None)
    return found.price if found is not None else deal.price


def bins(call: Call) -> list[dict[str, Any]]:
    """`timestamp`, `startTime` and `endTime` are the candles' ends; one that still runs is told with `partial`."""
    word = call.text("binSize")
    if word not in MINUTES:
        raise invalid("binSize")
    listing, page, size = call.listing(), call.page(MOST_ROWS), MINUTES[word]
    ends = _ends(call.history(listing), page, size, call.flag("partial"))
    rows = _bin_rows(call.world, listing, ends, size)
    return call.picked(rows[::-1] if page.newest_first else rows)


def bin_at(world: World, listing: Listing, end: int, size: int) -> dict[str, Any] | None:
    """The candle that ended at `end`; None before the history begins."""
    return next(iter(_bin_rows(world, listing, range(end, end + 1, size), size)), None)


def _bin_rows(world: World, listing: Listing, ends: range, size: int) -> list[dict[str, Any]]:
    if not ends:
        return []
    klines = world.histories[listing.instrument.id].klines(ends[0] - size - MINUTE, ends[-1])
    starts = [kline.minute_ns for kline in klines]
    rows = []
    for end in ends:
        first, last = bisect_left(starts, end - size), bisect_left(starts, end)
        if first < last:
            whole = _whole(klines[first:last], end - size)
            opened = klines[first - 1].close if first else whole.open
            rows.append(bin_row(world, listing, whole, size, opened))
    return rows


def _whole(part: list[Kline], start: int) -> Kline:
    return part[0] if len(part) == 1 and part[0].minute_ns == start else merged(part, start)


def _ends(history: History, page: Page, size: int, partial: bool) -> range:
    """The candles of a page by their ends, ascending."""
    newest = -(-history.now // size) * size if partial else history.now // size * size
    oldest = history.first_minute // size * size + size
    if page.end is not None:
        newest = min(newest, page.end // size * size)
    if page.start is not None:
        oldest = max(oldest, -(-page.start // size) * size)
    every = range(oldest, newest + 1, size)
    if page.newest_first:
        return every[max(0, len(every) - page.first - page.count) : max(0, len(every) - page.first)]
    return every[page.first : page.first + page.count]


def funding(call: Call) -> list[dict[str, Any]]:
    """As settled, all perpetuals side by side at each instant."""
    page = call.page(500)
    rows = [row for listing in call.listings() for row in _funding_rows(call, listing, page)]
    rows.sort(key=lambda row: str(row["timestamp"]))
    return call.picked(page.of(rows))


def _funding_rows(call: Call, listing: Listing, page: Page) -> Iterator[dict[str, Any]]:
    rules, world = listing.instrument, call.world
    if not rules.funding_interval:
        return
    newest = last_funding(rules, min(world.now, page.end if page.end is not None else world.now))
    lowest = max(world.market.first_minute, page.start or 0)
    reach = (page.first + page.count) * rules.funding_interval
    oldest = max(lowest, newest - reach) if page.newest_first or page.start is None else lowest
    instant = last_funding(rules, oldest)
    instant += rules.funding_interval if instant < oldest else 0
    for at in range(instant, newest + 1, rules.funding_interval):
        yield funding_row(world, listing, at)


def funding_row(world: World, listing: Listing, at: int) -> dict[str, Any]:
    rules = listing.instrument
    rate = world.market.funding_rate(rules.id, at)
    return {
        "timestamp": stamp(at),
        "symbol": listing.symbol,
        "fundingInterval": interval_word(rules),
        "fundingRate": float(rate),
        "fundingRateDaily": float(rate * 3),
    }


def settlements(call: Call) -> list[dict[str, Any]]:
    """Contracts that have expired, at the price of their expiry."""
    page = call.page(500)
    dated = [listing for listing in call.listings() if listing.instrument.expiry is not None]
    ended = [(listing.instrument.expiry or 0, listing) for listing in dated]
    done = [(at, listing) for at, listing in ended if at <= call.world.now and page.has(at)]
    return page.of([settlement_row(call.world, listing, at) for at, listing in done])


def settlement_row(world: World, listing: Listing, at: int) -> dict[str, Any]:
    return {
        "timestamp": stamp(at),
        "symbol": listing.symbol,
        "settlementType": "Settlement",
        "settledPrice": number(text(world.duties.delivery_price(listing.instrument))),
        "optionStrikePrice": None,
        "optionUnderlyingPrice": None,
        "bankrupt": None,
        "taxBase": None,
        "taxRate": None,
    }


def stats(call: Call) -> list[dict[str, Any]]:
    """By root symbol and settling currency."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for row in _all(call):
        key = (row["rootSymbol"], row["settlCurrency"])
        sums = rows.setdefault(
            key,
            {"rootSymbol": key[0], "currency": key[1], "volume24h": 0, "turnover24h": 0, "openInterest": 0},
        )
        for name in ("volume24h", "turnover24h", "openInterest"):
            sums[name] += row[name]
    return list(rows.values())


def liquidations(call: Call) -> list[dict[str, Any]]:
    """Liquidation orders that are working now: here they are done at once."""
    call.listings()
    return []
