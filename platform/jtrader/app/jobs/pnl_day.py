"""A trading day's P&L per account in one currency, and per strategy by where it came from."""

import asyncio
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from jtrader.app.jobs.venue_account import marks_at
from jtrader.app.settings import AccountSettings, Settings, load_settings
from jtrader.app.wiring.adapter import PublicRest
from jtrader.app.wiring.data import MARKETS, markets_in_use, open_sources
from jtrader.app.wiring.reading import book_events
from jtrader.app.wiring.trading import broker_for
from jtrader.domain.account import VenueEntry
from jtrader.domain.errors import BadInput
from jtrader.domain.events import AccountOpened, EntryBooked, Event, OrderFilled
from jtrader.domain.ids import AccountId, InstrumentId, Market
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ONE, use_exact_context
from jtrader.domain.order import Fill
from jtrader.domain.times import HOUR, MINUTE, iso
from jtrader.ledger.attribution import Attribution, attribute
from jtrader.ledger.book import Ledger
from jtrader.ledger.coins import CoinBook, FeeSwitch, Spent
from jtrader.ledger.lots import Disposal, LotBook
from jtrader.ledger.period import report_period
from jtrader.ledger.rates import Rate, Rates, RateTable
from jtrader.ledger.reporting import CurrencyReport
from jtrader.ledger.sides import in_venue_order, window_of

PAGE = 8 * HOUR
"""How much of a day's minutes is asked for at once."""


class DayOfAccount(msgspec.Struct, frozen=True):
    """`spent`: fees in a third coin with what its inventory gained; `switches`: where such a coin ran out; `disposals`:
    lots that were closed, first in, first out."""

    report: CurrencyReport
    strategies: tuple[Attribution, ...]
    spent: tuple[Spent, ...] = ()
    switches: tuple[FeeSwitch, ...] = ()
    disposals: tuple[Disposal, ...] = ()


class Prices:
    """Minutes of the venues' REST, read once each: rates, worths of spot positions, prices of decisions."""

    def __init__(self, sources: Mapping[Market, PublicRest], rules: Mapping[InstrumentId, Instrument]) -> None:
        self._sources = sources
        self.rules = rules
        self._minutes: dict[tuple[InstrumentId, int], list[tuple[int, Decimal]]] = {}

    def closes(self, name: InstrumentId, start: int, end: int) -> list[tuple[int, Decimal]]:
        """(end of the minute, close) of the finished minutes in [start, end)."""
        found: list[tuple[int, Decimal]] = []
        for page in range(start // PAGE, -(-end // PAGE)):
            key = (name, page)
            if key not in self._minutes:
                candles = self._sources[self.rules[name].market].candles(name, page * PAGE, (page + 1) * PAGE)
                self._minutes[key] = [(candle.ts + MINUTE, Decimal(repr(candle.close))) for candle in candles]
            found += [row for row in self._minutes[key] if start < row[0] <= end]
        return found

    def at(self, name: InstrumentId, ts: int) -> Decimal | None:
        """The last close up to `ts`, of the hour before it."""
        closes = self.closes(name, ts - HOUR, ts)
        return closes[-1][1] if closes else None

    def rate(self, currency: str) -> Rates:
        """One rate at a time, whenever it was: for what was bought long ago."""
        pairs = self._pairs(currency)

        def rate(asset: str, ts: int) -> Rate | None:
            if asset == currency:
                return Rate(ONE, "par", ts)
            rows = self.closes(pairs[asset], ts - HOUR, ts) if asset in pairs else []
            return Rate(rows[-1][1], pairs[asset], rows[-1][0]) if rows else None

        return rate

    def rates(self, currency: str, assets: Iterable[str], start: int, end: int) -> RateTable:
        """From each asset's spot pair in the currency, where a market that is in use has one."""
        table, pairs = RateTable(currency), self._pairs(currency)
        for asset in assets:
            if asset in pairs and asset != currency:
                table.add(asset, pairs[asset], self.closes(pairs[asset], start - HOUR, end))
        return table

    def _pairs(self, currency: str) -> dict[str, InstrumentId]:
        spot = [rules for rules in self.rules.values() if rules.is_spot and rules.quote == currency]
        return {rules.base: rules.id for rules in sorted(spot, key=lambda rules: rules.id)}


def pnl_day(
    date: str, currency: str, accounts: Sequence[str] | None = None, settings: Settings | None = None
) -> list[DayOfAccount]:
    """Of the accounts named, or all that were open on the day. Raises BadInput, Unavailable, BrokerError."""
    use_exact_context()
    settings = settings or load_settings()
    chosen = [settings.account(name) for name in accounts] if accounts else list(settings.accounts)
    try:
        day = dt.date.fromisoformat(date)
    except ValueError as error:
        raise BadInput(f"'{date}' is not a date; write it as 2026-01-15") from error
    events = book_events(settings)
    with open_sources(settings, _markets(settings, chosen)) as sources:
        rules = {one.id: one for source in sources.values() for one in source.instruments()}
        now = max((source.market_time() for source in sources.values()), default=0)
        prices = Prices(sources, rules)
        return [asyncio.run(_account(settings, account, day, currency, events, prices, now)) for account in chosen]


async def _account(
    settings: Settings,
    account: AccountSettings,
    day: dt.date,
    currency: str,
    events: Sequence[Event],
    prices: Prices,
    now: int,
) -> DayOfAccount:
    name = AccountId(account.name)
    mine = [event for event in events if _owner(event) in (None, name)]
    opened = next((event for event in mine if isinstance(event, AccountOpened)), None)
    window = window_of(name, day, opened)
    if now < window.end:
        raise BadInput(f"{day} is not over: market time is {iso(now)}")
    traded = {event.fill.instrument for event in mine if isinstance(event, OrderFilled)}
    period, marks = (window.start, window.end), []
    broker = broker_for(settings, account, live=True)  # reading alone: nothing is ordered
    try:
        for ts in period:
            told = await marks_at(broker, sorted(one for one in traded if not prices.rules[one].is_spot), ts)
            spot = {one: price for one in traded if prices.rules[one].is_spot and (price := prices.at(one, ts))}
            marks.append((told | spot).get)
    finally:
        await broker.close()
    rates = prices.rates(currency, sorted(_assets(mine, prices.rules)), *period)
    both = (marks[0], marks[1])
    ledger, lots = Ledger(prices.rules.values()), LotBook(prices.rules.values())
    coins = CoinBook(prices.rules.values(), prices.rate(currency), ledger.strategy_of)
    spent: list[Spent] = []
    disposals: list[Disposal] = []
    for event in in_venue_order(mine):
        ledger.apply(event)
        disposals += lots.apply(event)
        paid = coins.apply(event)
        spent += [paid] if paid is not None else []
    start, end = period
    return DayOfAccount(
        report_period(name, period, mine, prices.rules.values(), both, currency, rates),
        tuple(attribute(name, period, mine, prices.rules, both, prices.at)),
        tuple(one for one in spent if start <= one.ts < end),
        tuple(one for one in coins.switches if start <= one.ts < end),
        tuple(one for one in disposals if start <= one.closed < end),
    )


def _markets(settings: Settings, accounts: Iterable[AccountSettings]) -> list[Market]:
    """Those of the accounts, and the spot markets in use or beside them, for rates."""
    own = [Market(account.market) for account in accounts]
    beside = [Market(f"{market.partition('_')[0]}_spot") for market in own]
    spot = [market for market in markets_in_use(settings) if market.endswith("_spot")]
    return list(dict.fromkeys([*own, *spot, *(market for market in beside if market in MARKETS)]))


def _owner(event: Event) -> AccountId | None:
    row: Fill | VenueEntry | None = getattr(event, "fill", None) or getattr(event, "entry", None)
    owner: AccountId | None = getattr(event, "account", None) if row is None else row.account
    return owner


def _assets(events: Iterable[Event], rules: Mapping[InstrumentId, Instrument]) -> set[str]:
    found: set[str] = set()
    for event in events:
        match event:
            case AccountOpened(balances=balances):
                found |= balances.keys()
            case OrderFilled(fill=fill):
                one = rules[fill.instrument]
                found |= {fill.fee_asset, one.settle, one.quote, *((one.base,) if one.is_spot else ())}
            case EntryBooked(entry=entry):
                found.add(entry.asset)
    return found
