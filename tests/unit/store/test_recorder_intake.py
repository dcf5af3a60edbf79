"""What the intake makes of the bus: rows with their receipt, and every sign that something is missing."""

import pytest

from fixtures.ticks import BTC, START, XBT, quote, snapshot, trade, trades, updates
from jtrader.domain.market import Depth, FeedStatus, Mark, Quote, Trade
from jtrader.domain.times import SECOND
from jtrader.store.recorder.intake import Intake


@pytest.fixture
def clock():
    return [START]


@pytest.fixture
def intake(clock):
    return Intake(lambda: clock[0], lambda instrument: instrument.startswith("binance"))


def see(intake: Intake, *events, missed: int = 0, kind=None) -> None:
    intake.see(kind or type(events[0]), events[0].instrument if events else BTC, events, missed)


def gaps(intake: Intake) -> list[tuple]:
    return [(kind, gap.start, gap.end, gap.cause) for kind, gap in intake.take_lost()]


def test_each_row_has_a_receipt_of_its_own_even_when_the_clock_stands_or_steps_back(intake, clock) -> None:
    see(intake, quote(1), quote(2))
    see(intake, quote(3))
    clock[0] -= 10**9
    see(intake, quote(4))
    clock[0] += 2 * 10**9
    see(intake, quote(5))
    [portion] = intake.take()
    [batch] = portion.batches()
    received = batch.table()["received"].tolist()
    assert received == [START, START + 1, START + 2, START + 3, START + 10**9]
    assert (intake.rows, intake.take(), intake.market_time) == (0, [], quote(5).ts)


def test_portions_are_by_kind_and_instrument_and_cut_at_hours(intake) -> None:
    see(intake, *trades(3_590, 3_610))
    see(intake, *updates(3))
    see(intake, Trade(XBT, START, "x", 1.0, 1.0, 1))
    found = {(b.kind, b.instrument, b.hour): b.count for portion in intake.take() for b in portion.batches()}
    hour = START + 3_600 * SECOND
    assert found == {
        ("trade", BTC, START): 10,
        ("trade", BTC, hour): 11,
        ("depth", BTC, START): 3,
        ("trade", XBT, START): 1,
    }


def test_numbered_trades_without_a_hole_raise_no_suspicion(intake) -> None:
    for first in range(1, 100, 10):
        see(intake, *trades(first, first + 9))
    assert intake.take_suspects() == {}


@pytest.mark.parametrize(
    "messages",
    [
        [(trades(12, 15), 0)],
        [([*trades(11, 12), *trades(14, 15)], 0)],
        [(trades(11, 15), 1)],
        [([], 2)],
        [(trades(11, 15), -1)],
        [(trades(5, 8), 0)],
    ],
    ids=["jump", "hole in a message", "missed", "beat", "restart", "old ones again"],
)
def test_each_sign_of_lost_trades_names_the_moment_before(intake, messages) -> None:
    see(intake, *trades(1, 10))
    for events, missed in messages:
        see(intake, *events, missed=missed, kind=Trade)
    assert intake.take_suspects() == {BTC: trade(10).ts}
    assert intake.take_suspects() == {}


def test_old_trades_again_don_t_hide_a_hole_after_them(intake) -> None:
    see(intake, *trades(1, 10))
    see(intake, *trades(5, 8))
    intake.take_suspects()
    see(intake, *trades(12, 13))
    assert BTC in intake.take_suspects()


def test_trades_without_numbers_are_suspect_by_losses_and_reconnections_only(intake) -> None:
    def told(name: str, ts: int) -> Trade:
        return Trade(XBT, ts, name, 1.0, 1.0, 1)

    see(intake, told("z", START))
    see(intake, told("b", START + 5))
    assert intake.take_suspects() == {}
    see(intake, told("a", START + 9), missed=1)
    assert intake.take_suspects() == {XBT: START + 5}
    see(intake, FeedStatus(XBT, START + 20, 1, "down"))
    assert intake.take_suspects() == {}
    see(intake, FeedStatus(XBT, START + 30, 2, "up"))
    assert intake.take_suspects() == {XBT: START + 9}


@pytest.mark.parametrize(
    ("state", "missed", "cause"),
    [("down", 0, "venue_down"), ("quarantined", 0, "quarantined"), (None, 3, "lost"), (None, -1, "lost")],
)
def test_streams_that_broke_leave_a_gap_with_its_cause(intake, state, missed, cause) -> None:
    see(intake, quote(1), quote(2))
    see(intake, *updates(2))
    if state:
        see(intake, FeedStatus(BTC, quote(3).ts, 1, state))
        see(intake, FeedStatus(BTC, quote(8).ts, 2, "up"))
    assert gaps(intake) == []
    see(intake, quote(9), missed=missed)
    see(intake, quote(10))
    assert gaps(intake) == [(Quote, quote(2).ts + 1, quote(9).ts, cause)]
    assert [portion.kind for portion in intake.take()][:2] == [Quote, Depth]


def test_a_beat_that_shows_a_loss_counts_as_well(intake) -> None:
    see(intake, quote(1))
    see(intake, missed=2, kind=Quote)
    see(intake, quote(4))
    assert gaps(intake) == [(Quote, quote(1).ts + 1, quote(4).ts, "lost")]


def test_what_is_stored_from_before_the_start_ends_where_the_first_event_begins(intake) -> None:
    see(intake, quote(9))
    intake.expect(quote(2))
    intake.expect(Mark(BTC, START, 1.0, 1.0, 0.0, 0))
    see(intake, Mark(BTC, START + 7, 1.0, 1.0, 0.0, 0))
    assert gaps(intake) == [
        (Quote, quote(2).ts + 1, quote(9).ts, "we_were_down"),
        (Mark, START + 1, START + 7, "we_were_down"),
    ]


@pytest.mark.parametrize(
    ("first_live", "is_suspect"),
    [(11, False), (12, True), (500, True), (4, True)],
    ids=["next", "one", "many", "older"],
)
def test_the_first_live_trade_shows_what_was_missed_while_we_were_down(intake, first_live, is_suspect) -> None:
    """Not before: without it the newest stored one could be the venue's last."""
    intake.expect(trade(10))
    assert intake.take_suspects() == {}
    see(intake, trade(first_live))
    assert intake.take_suspects() == ({BTC: trade(10).ts} if is_suspect else {})


def test_a_store_that_answers_late_is_compared_with_what_came_meanwhile(intake) -> None:
    see(intake, trade(20))
    intake.expect(trade(10))
    assert intake.take_suspects() == {BTC: trade(10).ts}


def test_trades_without_numbers_are_asked_for_at_every_start(intake) -> None:
    intake.expect(Trade(XBT, START, "x", 1.0, 1.0, 1))
    assert intake.take_suspects() == {XBT: START}


def test_a_book_stays_lost_until_it_is_told_whole(intake) -> None:
    """Updates after a loss change a book that nobody knows; each time it is asked, the gap has come so far."""
    told = updates(6)
    see(intake, *told[:2])
    see(intake, told[3], missed=1)
    assert gaps(intake) == [(Depth, told[1].ts + 1, told[3].ts + 1, "lost")]
    see(intake, told[4], missed=0)
    assert gaps(intake) == [(Depth, told[1].ts + 1, told[4].ts + 1, "lost")]
    assert gaps(intake) == []
    see(intake, told[5], snapshot(told[5].ts + 9, [(100.0, 1.0)], [], 9))
    assert gaps(intake) == [(Depth, told[1].ts + 1, told[5].ts + 9, "lost")]
    see(intake, snapshot(told[5].ts + 20, [(100.0, 1.0)], [], 9))
    assert gaps(intake) == []


def test_updates_after_a_start_are_part_of_the_gap_until_the_book_is_told(intake) -> None:
    told = updates(6)
    intake.expect(told[1])
    see(intake, *told[3:5])
    see(intake, snapshot(told[5].ts, [(100.0, 1.0)], [], 9))
    assert gaps(intake) == [(Depth, told[1].ts + 1, told[5].ts, "we_were_down")]


def test_a_start_that_hears_the_book_late_loses_it_until_then(intake) -> None:
    told = updates(6)
    see(intake, *told[3:5])
    intake.expect(told[1])
    see(intake, snapshot(told[5].ts, [(100.0, 1.0)], [], 9))
    assert gaps(intake) == [(Depth, told[1].ts + 1, told[5].ts, "we_were_down")]


def test_what_was_dropped_is_a_gap_and_a_book_is_lost_until_it_is_told_whole(intake) -> None:
    told = updates(8)
    see(intake, *told[:6])
    see(intake, quote(1))
    intake.dropped(Quote, BTC, quote(2).ts, quote(5).ts)
    intake.dropped(Depth, BTC, told[2].ts, told[4].ts)
    intake.dropped(Trade, BTC, START, START + 9)
    assert gaps(intake) == [
        (Quote, quote(2).ts, quote(5).ts + 1, "lost"),
        (Depth, told[2].ts, told[4].ts + 1, "lost"),
    ]
    see(intake, told[6], snapshot(told[7].ts, [(100.0, 1.0)], [], 9))
    assert gaps(intake) == [(Depth, told[2].ts, told[7].ts, "lost")]


@pytest.mark.parametrize("stored", [START - 10**9, START + 5 * 10**9])
def test_receipts_go_on_above_what_is_stored(intake, clock, stored) -> None:
    """The wall clock may have stepped back while nothing was recorded: the order of updates is that of receipt."""
    see(intake, quote(1), quote(2))
    clock[0] += 100
    see(intake, quote(3))
    intake.start_above(stored)
    see(intake, quote(4))
    [portion] = intake.take()
    received = portion.batches()[0].table()["received"].tolist()
    assert received == sorted(set(received))
    assert received[0] == max(START, stored + 1)
    see(intake, quote(5))
    assert intake.take()[0].received[0][0] > received[-1]
