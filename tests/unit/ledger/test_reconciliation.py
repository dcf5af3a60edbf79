"""A day to a statement: clean when both sides agree, and every planted fault is seen and named."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from fixtures.trading_day import DATE, END, INSTRUMENTS, OPENED, PERP, START, Day, made_day, perp_day, row, spot_day
from jtrader.domain.account import EntryKind
from jtrader.domain.books import BreakKind
from jtrader.domain.errors import BadInput
from jtrader.domain.events import AccountOpened, EntryBooked, ExpirySeen, LedgerAdjusted, OrderFilled
from jtrader.domain.order import Side
from jtrader.domain.times import DAY, HOUR, MILLISECOND, SECOND
from jtrader.store.memory.books import MemoryStatements

D = Decimal
UNIT = D("0.00000001")
HERE, THERE, OTHER = BreakKind.MISSING_HERE, BreakKind.MISSING_THERE, BreakKind.DIFFERS
ROUND, TIME = BreakKind.ROUNDING, BreakKind.TIMING


# ---- changing one thing on one side


def journal(day: Day, changed: Callable) -> Day:
    """`changed(fill or entry)` gives its replacement, or None to lose it."""
    events = []
    for event in day.events:
        if isinstance(event, OrderFilled):
            new = changed(event.fill)
            events += [OrderFilled(ts=event.ts, fill=new)] if new else []
        elif isinstance(event, EntryBooked):
            new = changed(event.entry)
            events += [EntryBooked(ts=event.ts, entry=new)] if new else []
        else:
            events.append(event)
    return msgspec.structs.replace(day, events=tuple(events))


def venue(day: Day, what: str, changed: Callable) -> Day:
    rows = [new for one in getattr(day.venue, what) if (new := changed(one))]
    return msgspec.structs.replace(day, venue=msgspec.structs.replace(day.venue, **{what: tuple(rows)}))


def trade(trade_id: str, instrument: str = PERP, **figures) -> Callable:
    """Changes one fill: `fee=lambda fee: fee + UNIT`; no figures = loses it."""

    def changed(one):
        if (getattr(one, "trade_id", None), one.instrument) != (trade_id, instrument):
            return one
        return figures and msgspec.structs.replace(one, **{k: f(getattr(one, k)) for k, f in figures.items()})

    return changed


def entry(entry_id: str, **figures) -> Callable:
    def changed(one):
        if getattr(one, "entry_id", None) != entry_id:
            return one
        return figures and msgspec.structs.replace(one, **{k: f(getattr(one, k)) for k, f in figures.items()})

    return changed


def asset(name: str, **figures) -> Callable:
    def changed(one):
        if one.asset != name:
            return one
        return msgspec.structs.replace(one, **{k: f(getattr(one, k)) for k, f in figures.items()})

    return changed


def more(figure):
    return figure + UNIT


def less(figure):
    return figure - UNIT


def flip(side):
    return Side(side).opposite


def later(ts):
    return ts + 1_000_000


PERP_DAYS = [perp_day(after=False), perp_day()]
COMMISSION, REALISED = "BTCUSDT-3-fee", "BTCUSDT-3-trade"

PLANTED = [
    # what is planted, the day with it, and the break it must show: kind, what, reference
    ("journal: wrong fee", lambda d: journal(d, trade("3", fee=lambda f: f * 2)), (OTHER, "fee", f"{PERP}#3")),
    ("journal: fee off by one unit", lambda d: journal(d, trade("3", fee=more)), (ROUND, "fee", f"{PERP}#3")),
    ("journal: missing fill", lambda d: journal(d, trade("3")), (HERE, "fill", f"{PERP}#3")),
    ("journal: first fill missing", lambda d: journal(d, trade("1")), (HERE, "fill", f"{PERP}#1")),
    ("journal: wrong side", lambda d: journal(d, trade("2", side=flip)), (OTHER, "fill", f"{PERP}#2")),
    ("journal: wrong price", lambda d: journal(d, trade("2", price=lambda p: p + 1)), (OTHER, "fill", f"{PERP}#2")),
    (
        "journal: wrong quantity",
        lambda d: journal(d, trade("2", quantity=lambda q: q * 2)),
        (OTHER, "fill", f"{PERP}#2"),
    ),
    (
        "journal: wrong fee asset",
        lambda d: journal(d, trade("2", fee_asset=lambda _: "BNB")),
        (OTHER, "fee", f"{PERP}#2"),
    ),
    ("journal: wrong realised", lambda d: journal(d, trade("3", realised=more)), (ROUND, "fill", f"{PERP}#3")),
    ("journal: fill at another time", lambda d: journal(d, trade("3", ts=later)), (TIME, "fill", f"{PERP}#3")),
    ("journal: missing funding", lambda d: journal(d, entry("f1")), (HERE, "entry", "f1")),
    ("journal: funding off by one unit", lambda d: journal(d, entry("f1", amount=less)), (ROUND, "entry", "f1")),
    ("journal: missing transfer", lambda d: journal(d, entry("t1")), (HERE, "entry", "t1")),
    ("venue: wrong fee", lambda d: venue(d, "fills", trade("3", fee=lambda f: f * 2)), (OTHER, "fee", f"{PERP}#3")),
    ("venue: fee off by one unit", lambda d: venue(d, "fills", trade("3", fee=less)), (ROUND, "fee", f"{PERP}#3")),
    ("venue: missing fill", lambda d: venue(d, "fills", trade("3")), (THERE, "fill", f"{PERP}#3")),
    ("venue: wrong side", lambda d: venue(d, "fills", trade("1", side=flip)), (OTHER, "fill", f"{PERP}#1")),
    (
        "venue: wrong maker flag",
        lambda d: venue(d, "fills", trade("1", maker=lambda m: not m)),
        (OTHER, "fill", f"{PERP}#1"),
    ),
    (
        "venue: realised off by one unit",
        lambda d: venue(d, "fills", trade("3", realised=more)),
        (ROUND, "fill", f"{PERP}#3"),
    ),
    (
        "venue: realised row off by one unit",
        lambda d: venue(d, "entries", entry(REALISED, amount=more)),
        (ROUND, "realised", f"{PERP}#3"),
    ),
    ("venue: realised row missing", lambda d: venue(d, "entries", entry(REALISED)), (THERE, "realised", f"{PERP}#3")),
    (
        "venue: commission row off by one unit",
        lambda d: venue(d, "entries", entry(COMMISSION, amount=less)),
        (ROUND, "fee", f"{PERP}#3"),
    ),
    ("venue: commission row missing", lambda d: venue(d, "entries", entry(COMMISSION)), (THERE, "fee", f"{PERP}#3")),
    (
        "venue: commission row in another asset",
        lambda d: venue(d, "entries", entry(COMMISSION, asset=lambda _: "BNB")),
        (OTHER, "fee", f"{PERP}#3"),
    ),
    (
        "venue: commission row of an unknown trade",
        lambda d: venue(d, "entries", entry(COMMISSION, reference=lambda _: "777")),
        (HERE, "entry", COMMISSION),
    ),
    ("venue: missing funding", lambda d: venue(d, "entries", entry("f1")), (THERE, "entry", "f1")),
    ("venue: funding off by one unit", lambda d: venue(d, "entries", entry("f1", amount=more)), (ROUND, "entry", "f1")),
    (
        "venue: balance off by one unit",
        lambda d: venue(d, "balances", asset("USDT", total=more)),
        (ROUND, "balance", "closing USDT"),
    ),
]


@pytest.mark.parametrize("day", PERP_DAYS, ids=["flat afterwards", "traded afterwards"])
@pytest.mark.parametrize(("planted", "expected"), [case[1:] for case in PLANTED], ids=[case[0] for case in PLANTED])
def test_a_planted_fault_is_a_break_that_names_it(day, planted, expected):
    statement = planted(day).statement()
    assert expected in [(one.kind, one.what, one.reference) for one in statement.breaks]
    assert statement.verdict == f"Breaks({len(statement.breaks)})"


@pytest.mark.parametrize("day", PERP_DAYS, ids=["flat afterwards", "traded afterwards"])
def test_an_extra_row_of_the_venue_is_missing_here(day):
    extra = row("alpha", "x1", EntryKind.INSURANCE, -UNIT, START + 18 * HOUR)
    spoilt = msgspec.structs.replace(day.venue, entries=(*day.venue.entries, extra))
    statement = msgspec.structs.replace(day, venue=spoilt).statement()
    assert (HERE, "entry", "x1") in [(one.kind, one.what, one.reference) for one in statement.breaks]


def test_a_position_that_the_venue_values_otherwise_is_a_break():
    day = perp_day()
    spoilt = venue(day, "positions", lambda p: msgspec.structs.replace(p, unrealised=p.unrealised + UNIT))
    assert {one.what for one in spoilt.statement().breaks} == {"equity", "position"}
    assert {one.what for one in venue(day, "positions", lambda _: None).statement().breaks} >= {"position", "equity"}


SPOILT_SPOT = [
    ("journal: fee", lambda d: journal(d, trade("11", "binance_spot:BTCUSDT", fee=more)), "fee"),
    ("venue: fee", lambda d: venue(d, "fills", trade("13", "binance_spot:BTCUSDT", fee=more)), "fee"),
    ("journal: missing", lambda d: journal(d, trade("12", "binance_spot:BTCUSDT")), "fill"),
    ("venue: missing", lambda d: venue(d, "fills", trade("12", "binance_spot:BTCUSDT")), "fill"),
    ("venue: base balance", lambda d: venue(d, "balances", asset("BTC", total=more)), "balance"),
    ("venue: quote balance", lambda d: venue(d, "balances", asset("USDT", total=less)), "balance"),
    ("journal: deposit", lambda d: journal(d, entry("d1", amount=less)), "entry"),
]


@pytest.mark.parametrize(("planted", "what"), [case[1:] for case in SPOILT_SPOT], ids=[case[0] for case in SPOILT_SPOT])
@pytest.mark.parametrize("day", [spot_day(after=False), spot_day()], ids=["quiet afterwards", "traded afterwards"])
def test_spot_accounts_close_per_asset_too(day, planted, what):
    assert day.statement().is_clean
    assert what in {one.what for one in planted(day).statement().breaks}


# ---- the classes of breaks


def test_a_line_that_the_other_side_has_on_another_day_is_timing():
    day = perp_day()
    moved = venue(day, "entries", entry("f2", ts=lambda ts: ts + 9 * HOUR))
    [found] = [one for one in moved.statement().breaks if one.reference == "f2"]
    assert (found.kind, found.ours, found.theirs) == (TIME, "2026-01-15T16:00:00Z", "2026-01-16T01:00:00Z")
    moved = journal(day, entry("f2", ts=lambda ts: ts + 9 * HOUR))
    [found] = [one for one in moved.statement().breaks if one.reference == "f2"]
    assert (found.kind, found.ours, found.theirs) == (TIME, "2026-01-16T01:00:00Z", "2026-01-15T16:00:00Z")


@pytest.mark.parametrize(("off", "kind"), [("0.00000009", ROUND), ("0.0000001", BreakKind.UNKNOWN)])
def test_a_sum_whose_lines_all_match_is_rounding_up_to_a_unit_an_entry_then_unknown(off, kind):
    """Nine entries: six fills, two fundings and a transfer."""
    told = venue(perp_day(after=False), "balances", asset("USDT", total=lambda total: total + D(off)))
    assert {one.kind for one in told.statement().breaks} == {kind}


def test_a_sum_is_explained_by_its_lines():
    breaks = venue(perp_day(), "entries", entry("f1", amount=lambda amount: amount - 1)).statement().breaks
    assert {(one.kind, one.what) for one in breaks} == {(OTHER, "entry"), (OTHER, "balance"), (OTHER, "equity")}


def test_the_id_of_a_break_stands_for_its_figures():
    one, other = (venue(perp_day(), "fills", trade("3", fee=f)).statement().breaks[0] for f in (more, less))
    again = venue(perp_day(), "fills", trade("3", fee=more)).statement().breaks[0]
    assert one.id == again.id != other.id


# ---- clean days


def test_the_asset_of_no_fee_is_no_difference():
    """A private stream leaves out the asset of a fee of zero, the history of trades names it."""
    day = spot_day(after=False)
    free = trade("13", "binance_spot:BTCUSDT", fee=lambda _: D(0))
    told = venue(venue(day, "fills", free), "balances", asset("USDT", total=lambda total: total + D("20.03406930")))
    assert journal(told, free).statement().is_clean
    nameless = trade("13", "binance_spot:BTCUSDT", fee=lambda _: D(0), fee_asset=lambda _: "")
    assert journal(told, nameless).statement().is_clean


def test_a_clean_day_tells_the_same_profit_twice():
    statement = perp_day().statement()
    assert statement.is_clean
    assert statement.verdict == "Clean"
    assert statement.fills == 6
    assert statement.matched > statement.fills
    assert statement.transfers == {"USDT": D(-250)}
    assert statement.pnl_ledger == statement.pnl_venue == {"USDT": D("91.42188655")}
    assert statement.opening == {"USDT": D(100_000)}
    assert statement.closing["USDT"] == statement.opening["USDT"] + D("91.42188655") - 250


def test_what_happens_after_the_cut_does_not_change_the_day():
    assert perp_day().statement() == perp_day(after=False).statement()
    assert spot_day().statement() == spot_day(after=False).statement()


def test_the_next_day_opens_where_this_one_closed():
    day = perp_day()
    following = day.statement(DATE + dt.timedelta(1))
    assert following.is_clean
    assert following.fills == 2
    assert following.opening == day.statement().closing


def test_a_quiet_day_is_clean_too():
    quiet = perp_day().statement(DATE + dt.timedelta(2))
    assert (quiet.verdict, quiet.fills) == ("Clean", 0)
    assert quiet.opening == quiet.closing
    assert quiet.pnl_ledger == {"USDT": D(0)}


def test_days_before_the_adoption_are_refused():
    with pytest.raises(BadInput, match="2026-01-15T15:30:00Z"):
        perp_day().statement(DATE - dt.timedelta(1))
    day = perp_day()
    unopened = [event for event in day.events if not isinstance(event, AccountOpened)]
    with pytest.raises(BadInput, match="never opened"):
        msgspec.structs.replace(day, events=tuple(unopened)).statement()


def test_rows_of_the_adoption_instant_are_in_the_opening():
    """The deposit that funded the account is stamped when it was adopted: it is in the opening, not in the day."""
    day = perp_day()
    deposit = row("alpha", "t0", EntryKind.TRANSFER, D(100_000), OPENED)
    told = msgspec.structs.replace(day.venue, entries=(deposit, *day.venue.entries))
    assert msgspec.structs.replace(day, venue=told).statement() == day.statement()


def test_a_fill_found_late_is_booked_in_the_venue_s_order():
    """The journal got trade 1 last; the venue's average cost is that of its own order."""
    day = perp_day()
    late = [event for event in day.events if isinstance(event, OrderFilled) and event.fill.trade_id == "1"]
    others = [event for event in day.events if event not in late]
    assert msgspec.structs.replace(day, events=(*others, *late)).statement() == day.statement()


def test_a_late_entry_changes_the_statement():
    day = perp_day()
    late = row("alpha", "r1", EntryKind.REBATE, D("0.5"), START + 21 * HOUR)
    balances = venue(day, "balances", asset("USDT", total=lambda total: total + D("0.5")))
    told = msgspec.structs.replace(balances.venue, entries=(*day.venue.entries, late))
    there = msgspec.structs.replace(balances, venue=told)
    assert (HERE, "entry", "r1") in [(one.kind, one.what, one.reference) for one in there.statement().breaks]
    booked = msgspec.structs.replace(there, events=(*day.events, EntryBooked(ts=END + HOUR, entry=late)))
    assert booked.statement().is_clean
    assert booked.statement().pnl_ledger == {"USDT": D("91.92188655")}


@pytest.mark.parametrize(
    ("at", "clean"), [(START + 20 * HOUR, [True, True]), (OPENED + 1, [True, True]), (END + HOUR, [False, True])]
)
def test_an_adjustment_makes_clean_the_day_it_is_dated_to(at, clean):
    """The venue's balances are one higher all along, and no row of it says why; from `at` on the books say so, too."""
    told = venue(perp_day(), "balances", asset("USDT", total=lambda total: total + 1))
    assert not told.statement().is_clean
    adjusted = LedgerAdjusted(
        ts=END + 9 * HOUR,
        adjustment_id="adjustment:1",
        account="alpha",
        asset="USDT",
        amount=D(1),
        at=at,
        actor="ann",
        reason="a gift",
    )
    mended = msgspec.structs.replace(told, events=(*told.events, adjusted))
    days = [mended.statement(DATE + dt.timedelta(n)) for n in (0, 1)]
    assert [not any("closing" in one.reference for one in day.breaks) for day in days] == clean


# ---- in transit at the cut


@pytest.mark.parametrize("after", [False, True])
def test_cash_that_the_venue_books_after_the_cut_is_in_transit(after):
    """The trade counts on its day, its fee and profit where the venue's ledger stamps them; both days are clean."""
    day = perp_day(after=after, delay=3 * MILLISECOND)
    statement = day.statement()
    assert statement.is_clean
    assert [(one.reference, one.asset, one.ts) for one in statement.in_transit] == [
        (f"{PERP}#4 realised", "USDT", END + 2 * MILLISECOND),
        (f"{PERP}#4 fee", "USDT", END + 2 * MILLISECOND),
    ]
    on_time = perp_day(after=after, delay=0).statement()
    late = sum((one.amount for one in statement.in_transit), D(0))
    assert statement.closing["USDT"] == on_time.closing["USDT"] - late
    following = day.statement(DATE + dt.timedelta(1))
    assert following.is_clean
    assert following.in_transit == ()
    assert following.opening == statement.closing


def test_what_was_in_transit_must_match_on_the_next_day():
    day = perp_day(delay=3 * MILLISECOND)
    spoilt = venue(day, "entries", entry("BTCUSDT-4-fee", amount=more))
    assert spoilt.statement().fills == 6
    breaks = spoilt.statement(DATE + dt.timedelta(1)).breaks
    assert (ROUND, "fee", f"{PERP}#4") in [(one.kind, one.what, one.reference) for one in breaks]


def test_a_row_that_never_comes_is_a_break_of_the_trade_s_day():
    lost = venue(perp_day(delay=0), "entries", entry("BTCUSDT-4-fee"))
    assert (THERE, "fee", f"{PERP}#4") in [(b.kind, b.what, b.reference) for b in lost.statement().breaks]


def test_a_break_says_what_differs_by_how_much_and_where_to_look():
    breaks = venue(perp_day(), "fills", trade("3", fee=more)).statement().breaks
    detail = next(one.detail for one in breaks if one.what == "fee")
    assert detail == f"fee of trade {PERP}#3: ours 4.2679095, the venue's 4.26790951, difference -0.00000001"
    missing = next(one.detail for one in journal(perp_day(), entry("f1")).statement().breaks if one.what == "entry")
    assert "funding row f1" in missing
    assert "let the oms book it" in missing


@pytest.mark.parametrize("price", [None, D(60_000)])
def test_books_that_cancel_out_at_an_expiry_are_closed_at_its_price_or_named(monkeypatch, price):
    """Two strategies, +0.3 and −0.3, until 23:00; the day after says no more of it."""
    expiry = END - HOUR
    monkeypatch.setitem(INSTRUMENTS, PERP, msgspec.structs.replace(INSTRUMENTS[PERP], expiry=expiry))
    trades = [
        (PERP, 1, "buy", "0.300", "50000.1", OPENED + SECOND, "0"),
        (PERP, 2, "sell", "0.300", "50100.3", OPENED + 2 * SECOND, "0"),
    ]
    day = made_day("alpha", {"USDT": D(100_000)}, trades, [], {})
    other = trade("2", client_order_id=lambda _: None)
    day = journal(venue(day, "fills", other), other)
    if price is not None:
        seen = ExpirySeen(ts=expiry + 30 * SECOND, instrument=PERP, expiry=expiry, price=price)
        day = msgspec.structs.replace(day, events=(*day.events, seen))
    breaks = day.statement().breaks
    assert [(one.what, one.reference, one.ours) for one in breaks] == (
        [] if price else [("position", f"expiry {PERP}", "-0.3 of UNASSIGNED, 0.3 of s")]
    )
    assert day.statement(DATE + dt.timedelta(1)).breaks == ()


def test_midnight():
    """A fill at 23:59:59.900 whose income is stamped 00:00:00.150, a withdrawal at 00:00:01, funding at 00:00:03: the
    day and the next are clean, and a late row makes the day's version 2."""
    trades = [
        (PERP, 1, "buy", "0.2", "50000", END - HOUR, "5"),
        (PERP, 2, "sell", "0.1", "50100", END - 100 * MILLISECOND, "2.505"),
    ]
    rows = [
        ("w1", EntryKind.TRANSFER, "-1000", END + SECOND, None),
        ("f1", EntryKind.FUNDING, "-0.5", END + 3 * SECOND, PERP),
    ]
    day = made_day("alpha", {"USDT": D(100_000)}, trades, rows, {(PERP, "2"): 250 * MILLISECOND})
    first, second = day.statement(), day.statement(DATE + dt.timedelta(1))
    assert (first.verdict, second.verdict) == ("Clean", "Clean")
    assert [(one.reference, one.amount, one.ts) for one in first.in_transit] == [
        (f"{PERP}#2 realised", 10, END + 150 * MILLISECOND),
        (f"{PERP}#2 fee", D("-2.505"), END + 150 * MILLISECOND),
    ]
    assert second.in_transit == ()
    assert first.closing == second.opening
    assert second.transfers == {"USDT": D(-1000)}
    assert second.pnl_ledger == {"USDT": 10 - D("2.505") - D("0.5")}, "no loss of the withdrawal"

    store = MemoryStatements()
    assert store.save(first).version == 1
    late = row("alpha", "r9", EntryKind.REBATE, D("0.25"), END - HOUR)
    told = venue(day, "balances", asset("USDT", total=lambda total: total + D("0.25")))
    told = msgspec.structs.replace(told.venue, entries=(late, *told.venue.entries))
    booked = msgspec.structs.replace(day, venue=told, events=(*day.events, EntryBooked(ts=END + DAY, entry=late)))
    again = store.save(booked.statement())
    assert (again.version, again.verdict) == (2, "Clean")
    assert again.pnl_ledger["USDT"] == first.pnl_ledger["USDT"] + D("0.25")
    assert booked.statement(DATE + dt.timedelta(1)).is_clean
