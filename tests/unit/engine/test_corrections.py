"""Breaks are explained and books corrected by named people: journaled, replayed; nothing booked is edited."""

from decimal import Decimal

import pytest

from fixtures.oms_desk import ALPHA, START, Desk
from jtrader.domain.events import LedgerAdjusted
from jtrader.domain.times import HOUR, SECOND
from jtrader.engine.inputs import AcknowledgeAsked, AdjustAsked
from jtrader.ledger.book import Ledger

D = Decimal
ACK = {"account": ALPHA, "date": "2026-01-15", "break_id": "3f2a91c0", "actor": "ann", "reason": "busted trade"}
ADJUST = {"account": ALPHA, "asset": "USDT", "amount": D("-1.25"), "at": None, "actor": "ann", "reason": "a charge"}


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.wait(10)
    return desk


def test_an_acknowledgement_is_journaled_once(desk: Desk) -> None:
    for _ in range(2):
        answer = desk.do(AcknowledgeAsked(**ACK)).answer
        assert answer is not None
        assert answer.accepted
    assert desk.tags().count("break_acknowledged") == 1
    assert desk.restarted().engine.state.acknowledged == {(ALPHA, "2026-01-15", "3f2a91c0")}


def test_an_adjustment_is_a_posting_of_its_own(desk: Desk) -> None:
    before = desk.engine.ledger.balances(ALPHA)
    outcome = desk.do(AdjustAsked(**ADJUST))
    assert desk.engine.ledger.balances(ALPHA)["USDT"] == before["USDT"] - D("1.25")
    [event] = outcome.events
    assert isinstance(event, LedgerAdjusted)
    posted = Ledger([]).apply(event)
    assert {(p.kind.value, p.book, p.amount) for p in posted} == {
        ("adjust", "wallet", D("-1.25")),
        ("adjust", "adjusted", D("1.25")),
    }
    assert {p.reference for p in posted} == {"ann: a charge"}
    assert desk.do(AdjustAsked(**ADJUST)).events[0].adjustment_id == "adjustment:2"
    again = desk.restarted().engine.ledger
    assert again.balances(ALPHA)["USDT"] == before["USDT"] - D("2.5")
    assert again.apply(event) == (), "booked once"


BAD = [
    (AcknowledgeAsked, ACK, {"actor": " "}, "who you are"),
    (AcknowledgeAsked, ACK, {"reason": ""}, "who you are"),
    (AcknowledgeAsked, ACK, {"account": "nobody"}, "not traded here"),
    (AcknowledgeAsked, ACK, {"date": "yesterday"}, "2026-01-15"),
    (AcknowledgeAsked, ACK, {"date": "2026-13-15"}, "2026-01-15"),
    (AcknowledgeAsked, ACK, {"break_id": "7"}, "the id that its line shows"),
    (AdjustAsked, ADJUST, {"actor": ""}, "who you are"),
    (AdjustAsked, ADJUST, {"account": "nobody"}, "not traded here"),
    (AdjustAsked, ADJUST, {"amount": D(0)}, "not zero"),
    (AdjustAsked, ADJUST, {"amount": D("NaN")}, "not zero"),
    (AdjustAsked, ADJUST, {"asset": ""}, "name an asset"),
    (AdjustAsked, ADJUST, {"at": START}, "not between the opening"),
    (AdjustAsked, ADJUST, {"at": START + HOUR}, "not between the opening"),
]


@pytest.mark.parametrize(("kind", "given", "wrong", "words"), BAD, ids=[f"{c[0].__name__} {c[2]}" for c in BAD])
def test_what_can_t_be_is_refused_with_a_sentence(desk: Desk, kind, given, wrong, words) -> None:
    outcome = desk.do(kind(**(given | wrong)))
    assert outcome.answer is not None
    assert not outcome.answer.accepted
    assert words in outcome.answer.reason
    assert outcome.events == ()


def test_an_adjustment_may_be_dated_back(desk: Desk) -> None:
    desk.do(AdjustAsked(**(ADJUST | {"at": START + 3 * SECOND})))
    [event] = [event for event in desk.events if isinstance(event, LedgerAdjusted)]
    assert (event.at, event.ts) == (START + 3 * SECOND, START + 10 * SECOND)
