"""What a venue's newest answer changes in what is known of its instruments."""

import pytest

from fixtures.instruments import instrument
from jtrader.app.jobs.listings import check_known, reach, refresh
from jtrader.crawl.listings import compare
from jtrader.domain.errors import BadInput, Broken, Unavailable
from jtrader.domain.ids import Market
from jtrader.domain.instrument import InstrumentStatus, Offered
from jtrader.domain.times import HOUR
from jtrader.store.memory.instruments import MemoryInstrumentStore

USDM = Market("binance_usdm")
BTC = instrument("binance_usdm:BTCUSDT", valid_from=1 * HOUR)
ETH = instrument("binance_usdm:ETHUSDT", valid_from=1 * HOUR)
SPOT = instrument("binance_spot:BTCUSDT", valid_from=1 * HOUR)
NOW = 9 * HOUR


def offered(name: str, **changes: object):
    return instrument(name, **changes)


@pytest.mark.parametrize(
    ("answer", "kinds", "says"),
    [
        ([offered(BTC.id), offered(ETH.id)], [], ""),
        ([offered(BTC.id, price_tick="0.5"), offered(ETH.id)], ["rules"], "price_tick: 0.1 → 0.5"),
        ([offered(BTC.id, status=InstrumentStatus.HALTED), offered(ETH.id)], ["halted"], "status: trading → halted"),
        ([offered(BTC.id)], ["delisted"], "binance_usdm:ETHUSDT delisted as of 1970-01-01T09:00:00Z"),
        (
            [offered(BTC.id), offered(ETH.id), offered("binance_usdm:SOLUSDT")],
            ["listed"],
            "binance_usdm:SOLUSDT listed",
        ),
    ],
    ids=["nothing", "tick", "halt", "gone", "new"],
)
def test_one_answer(answer, kinds, says) -> None:
    found = compare([BTC, ETH, SPOT], answer, {USDM}, NOW)
    assert [change.kind for change in found.changes] == kinds
    assert [version.valid_from for version in found.versions] == [NOW] * len(kinds)
    assert says in " ".join(str(change) for change in found.changes)


def test_what_is_gone_is_told_once_and_may_come_back() -> None:
    gone = compare([BTC, ETH], [BTC], {USDM}, NOW).versions
    assert compare([BTC, *gone], [BTC], {USDM}, NOW + HOUR).changes == []
    [back] = compare([BTC, *gone], [BTC, offered(ETH.id)], {USDM}, NOW + HOUR).changes
    assert back.kind == "trading"


def test_an_older_answer_never_replaces_a_newer_version() -> None:
    with pytest.raises(BadInput, match=r"which is later; is this another simulated market"):
        compare([BTC], [offered(BTC.id, price_tick="0.5")], {USDM}, HOUR // 2)
    assert compare([BTC], [offered(BTC.id)], {USDM}, HOUR // 2).versions == []


def test_what_is_listed_in_a_row_that_cant_be_read_stays_as_it_was() -> None:
    answer = Offered([BTC])
    answer.unreadable = frozenset({ETH.id})
    assert compare([BTC, ETH], answer, {USDM}, NOW).changes == []


def test_two_changes_at_one_time_are_two_versions() -> None:
    [first] = compare([BTC], [offered(BTC.id, price_tick="0.5")], {USDM}, NOW).versions
    [second] = compare([first], [offered(BTC.id, price_tick="1")], {USDM}, NOW).versions
    [third] = compare([second], [offered(BTC.id, price_tick="2")], {USDM}, NOW).versions
    assert [one.valid_from - NOW for one in (first, second, third)] == [0, 1, 2]


MANY = [instrument(f"binance_usdm:C{number}USDT", valid_from=HOUR) for number in range(10)]
DATED = [instrument(f"binance_usdm:C{n}USDT_7", valid_from=HOUR, expiry=NOW - HOUR) for n in range(10)]


@pytest.mark.parametrize(
    ("left", "dated", "delisted", "says"),
    [
        (7, 10, 3, ""),
        (6, 10, 4, ""),
        (5, 10, 0, "lacks 5 of 20 listed instruments, for example binance_usdm:C5USDT"),
        (0, 10, 0, "lacks 10 of 20"),
        (10, 0, 10, ""),
    ],
    ids=["three", "a fifth", "more", "all", "contracts that ended"],
)
def test_an_answer_that_lacks_too_much_delists_nothing(left, dated, delisted, says) -> None:
    found = compare([*MANY, *DATED], [*MANY[:left], *DATED[:dated]], {USDM}, NOW)
    assert [change.kind for change in found.changes] == ["delisted"] * delisted
    assert says in found.doubt
    assert bool(found.doubt) == bool(says)


class Rules:
    """A market's rules and time; its answers come one after the other, the last one again and again."""

    def __init__(self, *answers, time: int = NOW) -> None:
        self.answers, self.time, self.told = list(answers), time, []

    def instruments(self):
        self.told.append("rules")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def market_time(self) -> int:
        self.told.append("time")
        return self.time


def known(*versions) -> MemoryInstrumentStore:
    store = MemoryInstrumentStore()
    store.save(versions)
    return store


@pytest.mark.parametrize(("second", "status"), [([BTC, ETH], "trading"), ([BTC], "delisted")])
def test_only_what_is_missing_twice_is_delisted(second, status) -> None:
    store, source = known(BTC, ETH), Rules([BTC], second)
    refresh({USDM: source}, store)
    assert {one.id: str(one.status) for one in store.load()} == {BTC.id: "trading", ETH.id: status}
    assert source.told == ["time", "rules", "rules"], "rules are not younger than their time"


def test_a_refused_answer_is_alerted() -> None:
    told = []

    class Alerts:
        def send(self, *alert: str) -> None:
            told.append(alert)

    refresh({USDM: Rules([MANY[0]])}, known(*MANY), Alerts())
    [(level, key, message)] = told
    assert (level, key) == ("warning", "listing/binance_usdm")
    assert "lacks 9 of 10 listed instruments" in message


def test_a_market_that_is_away_keeps_no_other_from_being_read() -> None:
    away = Unavailable("away")
    sources = {Market("binance_spot"): Rules(away), USDM: Rules([BTC], time=NOW)}
    store = known()
    reached = reach(sources, store)
    assert (reached.newest, reached.away) == ({USDM: NOW}, {"binance_spot": away})
    assert reached.of_all() == {USDM: NOW, "binance_spot": NOW}
    assert [one.id for one in store.load()] == [BTC.id]
    with pytest.raises(Unavailable):
        refresh(sources, known())
    check_known([BTC.id, SPOT.id], store.load(), reached.away)
    with pytest.raises(BadInput, match="unknown instrument binance_spot:BTCUSDT"):
        check_known([BTC.id, SPOT.id], store.load())


def test_a_market_that_lists_nothing_any_more_is_left_out_and_told() -> None:
    closed = Broken("lists no contract that is open")
    reached = reach({Market("bitmex"): Rules(closed), USDM: Rules([BTC])}, known())
    assert reached.of_all() == {USDM: NOW}
    with pytest.raises(Broken):
        reached.raise_away()
    with pytest.raises(Broken):
        reach({Market("bitmex"): Rules(closed)}, known()).of_all(NOW)


def test_what_was_delisted_is_still_known() -> None:
    check_known([ETH.id], compare([BTC, ETH], [BTC], {USDM}, NOW).versions)
