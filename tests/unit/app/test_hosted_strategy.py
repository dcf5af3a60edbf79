"""One strategy under the host: what it hears, what is sent for it, how it stops, and what it goes on with."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fixtures.recording_oms import RecordingOms
from fixtures.strategy_stage import SETUP, Stage, quote, staged
from fixtures.trading import PERP, SPOT, START, minutes
from jtrader.app.services.strategies.keeping import Keeper, OnStop, Wishes
from jtrader.domain.errors import BadInput
from jtrader.domain.market import Funding, Mark, Quote, Trade
from jtrader.domain.times import MINUTE, SECOND
from jtrader.strategy.api import Cancel, Closed, Decision, Filled, Refused, Strategy, Target, View, heard_kinds

D = Decimal


class Diary(Strategy):
    """Writes down what it hears, and answers what it is told to, one decision an event; raises where that is one."""

    timer = MINUTE

    def __init__(self, *answers: Decision | Exception) -> None:
        super().__init__(SETUP, None)
        self.heard: list[str] = []
        self.answers = list(answers)

    def _answer(self, word: str) -> Decision:
        self.heard.append(word)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def on_quote(self, quote: Quote, view: View) -> Decision:
        return self._answer(f"quote {quote.mid:g}, holds {view.position.normalize():f}")

    def on_trade(self, trade: Trade, view: View) -> Decision:
        return self._answer(f"trade {trade.price:g}")

    def on_mark(self, mark: Mark, view: View) -> Decision:
        return self._answer(f"mark {mark.mark:g} {mark.funding_rate:g}")

    def on_funding(self, funding: Funding, view: View) -> Decision:
        return self._answer(f"funding {funding.rate:g}")

    def on_fill(self, filled: Filled, view: View) -> Decision:
        return self._answer(f"filled {filled.fill.quantity.normalize():f}")

    def on_refusal(self, refused: Refused, view: View) -> Decision:
        return self._answer(f"refused {refused.code}")

    def on_closed(self, closed: Closed, view: View) -> Decision:
        return self._answer(f"closed {closed.status}")

    def on_timer(self, ts: int) -> Decision:
        return self._answer(f"timer {(ts - START) // SECOND}")

    def save(self) -> dict[str, Any]:
        return {"heard": self.heard}

    def restore(self, state: dict[str, Any]) -> None:
        self.heard = state["heard"]


LONG = Target(quantity=D("0.1"), reason="up")
FLAT = Target(quantity=D(0), reason="out")
BID = SETUP.intent(PERP.id, D("0.2"), START, "bid", "bid", algorithm="limit", limit_price=D(90))
STOP = SETUP.intent(PERP.id, D("-0.1"), START, "stop", "guard", algorithm="limit", limit_price=D(90), reduce_only=True)


def test_each_kind_of_event_is_heard_and_the_timer_goes_off_at_multiples_of_market_time() -> None:
    rule = Diary()

    async def work(oms: RecordingOms) -> None:
        at = Stage(oms, rule)
        late = START + 200 * SECOND
        await at.tell(quote(100), Trade(PERP.id, START + 59 * SECOND, 1, 101.0, 1.0, 1))
        await at.tell(Mark(PERP.id, START + 60 * SECOND, 102.0, 102.0, 0.0001, 0), Funding(PERP.id, late, 0.0001))
        await at.tell(quote(100, 30))  # comes late: time does not go back

    staged(work)
    assert rule.heard[:3] == ["quote 100, holds 0", "trade 101", "mark 102 0.0001"]
    assert rule.heard[3:] == ["timer 60", "funding 0.0001", "timer 180", "quote 100, holds 0"]
    assert heard_kinds(rule) == {"quote", "trade", "mark", "funding"}
    assert heard_kinds(Strategy(SETUP, None)) == frozenset()


def test_what_becomes_of_an_order_is_told_once_and_of_others_never() -> None:
    rule = Diary(LONG)

    async def work(oms: RecordingOms) -> None:
        at = Stage(oms, rule)
        await at.tell(quote(50_000))
        stranger = msgspec.structs.replace(BID, strategy="other", parent_id="x")  # type: ignore[arg-type]
        await oms.submit_intent(stranger)
        oms.refuse(BID)
        await at.tell()
        await at.tell()

    staged(work)
    assert rule.heard[1:] == ["filled 0.1", "closed filled", "refused limit"]


@pytest.mark.parametrize(
    ("answers", "sent"),
    [
        ([LONG], [(PERP.id, "buy", "0.1")]),
        ([LONG, LONG], [(PERP.id, "buy", "0.1")]),  # the second decision of a round counts the first one's order
        ([LONG, FLAT], [(PERP.id, "buy", "0.1"), (PERP.id, "sell", "0.1")]),
        ([[BID]], [(PERP.id, "buy", "0.2")]),
        ([None], []),
    ],
)
def test_decisions_become_intents(answers: list[Decision], sent: list[tuple[str, str, str]]) -> None:
    async def work(oms: RecordingOms) -> None:
        at = Stage(oms, Diary(*answers))
        await at.tell(quote(50_000), quote(50_001), quote(50_002))
        assert at.sent == sent
        assert not at.hosted.failure

    staged(work)


def test_two_legs_in_one_decision_go_to_their_accounts() -> None:
    legs = [LONG, Target(instrument=SPOT.id, quantity=D("0.1"), reason="hedge")]

    async def work(oms: RecordingOms) -> None:
        at = Stage(oms, Diary(None, legs))
        await at.tell(quote(50_000, of=SPOT.id), quote(50_000))
        assert [(i.instrument, i.account) for i, _ in oms.taken] == [(PERP.id, "perps"), (SPOT.id, "coins")]

    staged(work)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (ZeroDivisionError("a mistake"), "ZeroDivisionError: a mistake"),
        (Target(instrument=SPOT.id, quantity=D(1), reason=""), "before any price"),
        (Target(instrument="elsewhere:X", quantity=D(1), reason=""), "not among its instruments"),  # type: ignore[arg-type]
        (msgspec.structs.replace(BID, account="foreign"), "not its own"),  # type: ignore[arg-type]
        (Target(quantity=D("sNaN"), reason=""), "InvalidOperation"),
    ],
)
def test_what_it_may_not_do_stops_it(answer: Any, says: str) -> None:
    rule = Diary(answer)

    async def work(oms: RecordingOms) -> None:
        at = Stage(oms, rule)
        await at.tell(quote(50_000), quote(50_001))
        assert says in at.hosted.failure
        assert at.sent == []

    staged(work)
    assert len(rule.heard) == 1


@pytest.mark.parametrize("by_itself", [False, True])
@pytest.mark.parametrize(
    ("on_stop", "working", "position"),
    [("keep", ["bid", "stop"], "0.1"), ("cancel", ["stop"], "0.1"), ("flatten", [], "0")],
)
def test_how_it_leaves(by_itself: bool, on_stop: OnStop, working: list[str], position: str) -> None:
    rule = Diary(LONG, [BID, STOP], *[None] * 4)

    async def work(oms: RecordingOms) -> None:
        at = Stage(oms, rule, on_stop)
        await at.tell(quote(50_000), quote(50_001))
        await at.tell()
        if by_itself:
            rule.answers = [RuntimeError("a mistake")]
            await at.tell(quote(50_002))
        else:
            at.hosted.stop("enough", on_stop)
        for _ in range(4):
            await at.tell(quote(50_003))
        assert [order.parent_id.rpartition("-")[2] for order in oms.working] == working
        assert at.hosted.view(PERP.id).position == D(position)
        assert at.hosted.leaving == ""
        assert not at.hosted.wants_orders

    staged(work)
    assert rule.heard[-1] != "quote 50003, holds 0.1"


def test_what_can_not_be_closed_is_told() -> None:
    async def work(oms: RecordingOms) -> None:
        at = Stage(oms, Diary(LONG), "flatten")
        await at.tell(quote(50_000))
        await at.tell()
        oms.fills = False
        at.hosted.stop("enough", "flatten")
        await at.tell()
        await at.tell()
        assert at.hosted.leaving == "1 orders to cancel; 0.1 of binance_usdm:BTCUSDT"
        assert at.hosted.wants_orders

    staged(work)


def test_a_cancel_reaches_the_parent_before_what_comes_with_it() -> None:
    cancel = Cancel(parent_id=BID.parent_id, reason="moved")

    async def work(oms: RecordingOms) -> None:
        at = Stage(oms, Diary(BID, [STOP, cancel]))
        await at.tell(quote(50_000), quote(50_001))
        assert [(name, str(wish), who) for name, wish, who, _ in oms.wishes] == [(BID.parent_id, "cancel", "s")]
        assert [type(entry.event).__name__ for entry in oms.journal][2:4] == ["OrderClosed", "IntentReceived"]

    staged(work)


def test_it_goes_on_with_what_it_remembers_and_hears_what_happened_meanwhile(tmp_path: Path) -> None:
    again = Diary()

    async def work(oms: RecordingOms) -> None:
        first = Stage(oms, Diary(BID), keeper=Keeper(tmp_path, "s"))
        await first.tell(quote(50_000))
        candle = minutes([50_000.0])[0]
        await first.hosted.on_candle(candle, 0.0)
        await oms.want_parent(BID.parent_id, "cancel", "somebody", "")  # type: ignore[arg-type]
        second = Stage(oms, again, keeper=Keeper(tmp_path, "s"))
        assert second.hosted.clock == candle.ts + MINUTE
        await second.tell()
        await second.tell()

    staged(work)
    assert again.heard == ["quote 50000, holds 0", "timer 60", "closed canceled"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'{"rule": "own", "version": 2, "seq": 0, "clock": 0, "state": {}}', "is the state of rule 'own' version 2"),
        (b'{"rule": "else", "version": 1, "seq": 0, "clock": 0, "state": {}}', "is the state of rule 'else' version 1"),
        (b"{", "can't be read"),
        (b'{"rule": "own", "version": 1, "seq": 0, "clock": 0, "state": {}}', "KeyError: 'heard'"),
    ],
)
def test_state_that_it_can_not_go_on_from_stops_it(tmp_path: Path, text: bytes, says: str) -> None:
    (tmp_path / "strategies" / "s").mkdir(parents=True)
    (tmp_path / "strategies" / "s" / "state.json").write_bytes(text)
    rule = Diary(LONG)

    async def work(oms: RecordingOms) -> None:
        at = Stage(oms, rule, keeper=Keeper(tmp_path, "s"))
        await at.tell(quote(50_000))
        assert says in at.hosted.failure

    staged(work)
    assert rule.heard == []
    assert (tmp_path / "strategies" / "s" / "state.json").read_bytes() == text


def test_what_people_wish_is_kept_with_their_names(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, "s")
    assert keeper.wishes() == Wishes()
    keeper.wish(Wishes(params={"fast": 3}, stopped="by ann: enough"), "ann", "stop", "enough")
    assert Keeper(tmp_path, "s").wishes() == Wishes(params={"fast": 3}, stopped="by ann: enough")
    assert '"actor": "ann"' in (tmp_path / "strategies" / "s" / "actions.jsonl").read_text()
    (tmp_path / "strategies" / "s" / "wishes.json").write_text('{"stopped": 1}')
    with pytest.raises(BadInput, match="can't be read"):
        keeper.wishes()
