"""What stored trades and other venues prove of a candle, and where they have nothing to say."""

import pytest

from fixtures.candle_source import BTC, START, MemoryCandles, at, candle
from fixtures.crawling import crawl_candles
from fixtures.instruments import instrument
from fixtures.trade_source import MemoryTrades
from jtrader.crawl.peer_evidence import PeerEvidence, peers_of
from jtrader.crawl.repair import open_holes, recheck
from jtrader.crawl.trade_evidence import TradeEvidence
from jtrader.crawl.witness import Witnesses
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.instrument import Product
from jtrader.domain.market import Candle, Trade
from jtrader.domain.times import SECOND, Span
from jtrader.store.memory.candles import MemoryCandleStore
from jtrader.store.memory.ledger import MemoryLedger
from jtrader.store.memory.ticks import MemoryTickStore

SPOT = InstrumentId("binance_spot:BTCUSDT")
PERP = instrument(BTC)
PRICES = (100.0, 101.0, 99.0, 100.5)


def trade(minute: int, number: int, price: float, quantity: float = 0.5) -> Trade:
    return Trade(BTC, at(minute) + (number % 4 + 1) * SECOND, number, price, quantity, 1)


def traded(minutes: range) -> list[Trade]:
    return [trade(m, 4 * m + n, price) for m in minutes for n, price in enumerate(PRICES)]


def made(minute: int, **changed: float) -> Candle:
    values = {"open": 100.0, "high": 101.0, "low": 99.0, "close": 100.5, "volume": 2.0} | changed
    return Candle(BTC, at(minute), *values.values())


def evidence(trades, rules=PERP, source=None) -> TradeEvidence:
    store = MemoryTickStore()
    store.append(trades)
    return TradeEvidence(rules, store, MemoryLedger(), source)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, None),
        ({"open": 100.1}, "its open is 100.1, its 4 trades make 100.0"),
        ({"high": 102.0}, "its high is 102.0, its 4 trades make 101.0"),
        ({"low": 98.0}, "its low is 98.0"),
        ({"close": 100.0}, "its close is 100.0"),
        ({"volume": 2.1}, "its volume is 2.1, its 4 trades make 2.0"),
        ({"volume": 2.0 + 1e-9}, None),
        ({"open": 100.5}, None),
    ],
    ids=str,
)
def test_a_candle_is_held_against_its_trades(changed, says) -> None:
    """The last case opens at the close of the minute before, as some venues do."""
    doubts = evidence(traded(range(10))).doubts([made(4), made(5, **changed), made(6)])
    assert [doubt.candle.ts for doubt in doubts] == ([at(5)] if says else [])
    if says:
        assert says in doubts[0].reason


def test_trades_with_a_hole_prove_nothing() -> None:
    some = [one for one in traded(range(10)) if one.trade_id not in (21, 39)]
    wrong = [made(m, volume=9.0) for m in (4, 5, 8, 9)]
    assert [d.candle.ts for d in evidence(some).doubts(wrong)] == [at(4), at(8)], "not the holed and not the last one"
    assert evidence([]).doubts(wrong) == []


def test_trades_without_numbers_prove_what_was_asked_for_without_a_gap() -> None:
    store, ledger = MemoryTickStore(), MemoryLedger()
    store.append([Trade(BTC, one.ts, f"t{one.trade_id:04}", one.price, one.quantity, 1) for one in traded(range(10))])
    ledger.record_asked(BTC, at(3), at(5))
    doubts = TradeEvidence(PERP, store, ledger).doubts([made(m, volume=9.0) for m in range(10)])
    assert [d.candle.ts for d in doubts] == [at(3), at(4)]


@pytest.mark.parametrize(
    ("rules", "volume"),
    [
        (instrument(BTC, contract_value="0.001"), 0.002),
        (instrument(BTC, contract_value=100, product=Product.INVERSE), sum(0.5 * 100 / price for price in PRICES)),
    ],
)
def test_volume_is_in_base(rules, volume: float) -> None:
    witness = evidence(traded(range(10)), rules)
    assert witness.doubts([made(5, volume=volume)]) == []
    assert "volume" in witness.doubts([made(5, volume=volume * 1.01)])[0].reason


@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_venue_rounds_the_base_of_each_trade(count: int) -> None:
    rules = instrument(BTC, contract_value=100, product=Product.INVERSE)
    trades = [Trade(BTC, at(m) + n * SECOND, 10 * m + n, 60_000.0, 1.0, 1) for m in (4, 5, 6) for n in range(10)]
    trades = [t for t in trades if t.ts < at(5) or t.ts >= at(6) or t.trade_id < 50 + count]
    trades = [Trade(t.instrument, t.ts, n, t.price, t.quantity, t.side) for n, t in enumerate(trades)]
    told = round(100 / 60_000, 8) * count

    def candle_of(volume: float) -> Candle:
        return Candle(BTC, at(5), 60_000.0, 60_000.0, 60_000.0, 60_000.0, volume)

    assert evidence(trades, rules).doubts([candle_of(told)]) == []
    assert "volume" in evidence(trades, rules).doubts([candle_of(told + 3e-8 * count)])[0].reason


def test_a_candle_with_volume_in_a_minute_without_trades_is_denied() -> None:
    around = [*traded(range(5)), *(trade(m, 4 * m + n - 4, p) for m in range(6, 10) for n, p in enumerate(PRICES))]
    flat = Candle(BTC, at(5), 100.5, 100.5, 100.5, 100.5, 0.0)
    assert evidence(around).doubts([made(4), flat, made(6)]) == []
    [doubt] = evidence(around).doubts([made(4), made(5), made(6)])
    assert (doubt.candle.ts, doubt.reason) == (at(5), "its volume is 2.0, and nobody traded in that minute")
    holed = [one for one in around if one.trade_id != 20]
    assert evidence(holed).doubts([made(4), made(5)]) == [], "a number is missing: there may have been a trade"


def test_nobody_traded_is_proven_by_numbers_or_by_the_venue() -> None:
    around = [*traded(range(5)), *(trade(m, 4 * m + n - 8, p) for m in range(7, 10) for n, p in enumerate(PRICES))]
    hole = Span(at(5), at(7))
    assert evidence(around).nobody_traded(hole)
    assert not evidence(around).nobody_traded(Span(at(4), at(7)))
    assert not evidence([one for one in around if one.trade_id != 20]).nobody_traded(hole)
    assert evidence([], source=MemoryTrades(around, page=100)).nobody_traded(hole)
    assert not evidence([], source=MemoryTrades(around[:20], page=100)).nobody_traded(hole), "nothing after it"

    class Closed(MemoryTrades):
        def trades(self, instrument, start, end):
            raise BadInput("to holders of keys")

    assert not evidence([], source=Closed([])).nobody_traded(hole)


def outlier(minute: int, close: float) -> Candle:
    return Candle(BTC, at(minute), close, close + 1, close - 1, close, 1.0)


def peer(source=None, stored=(), band: float = 0.05) -> PeerEvidence:
    store = MemoryCandleStore()
    store.upsert(list(stored))
    return PeerEvidence([SPOT], store, {Market("binance_spot"): source} if source else {}, band)


def test_an_outlier_is_away_from_its_neighbours_and_from_the_others() -> None:
    told = [candle(m, SPOT) for m in range(10)]
    page = [outlier(m, 150.0 if m == 4 else 100.0) for m in range(10)]
    for witness in (peer(MemoryCandles(told)), peer(stored=told)):
        [doubt] = witness.doubts(page)
        assert doubt.candle.ts == at(4)
        assert doubt.reason.startswith(
            "its close 150.0 is 50.0% away from 100.0, the median of binance_spot:BTCUSDT in"
        )


@pytest.mark.parametrize(
    "wrong", [range(40, 60), range(40, 41), range(95, 100), range(20), range(5, 95), [*range(10, 20), *range(30, 50)]]
)
@pytest.mark.parametrize("page", [7, 100])
@pytest.mark.parametrize("is_stored", [True, False])
def test_a_whole_stretch_of_outliers_is_denied(wrong, page: int, is_stored: bool) -> None:
    """Its inner minutes agree with each other; of a first page one edge is enough."""
    source = MemoryCandles([outlier(m, 200.0 if m in wrong else 100.0) for m in range(100)], page=page)
    told = [outlier(m, 100.0) for m in range(100)]
    others = [Candle(SPOT, c.ts, c.open, c.high, c.low, c.close, 1.0) for c in told]
    witness = peer(stored=others) if is_stored else peer(MemoryCandles(others, page=30))
    store = MemoryCandleStore()
    seen = [m for m in wrong if not (wrong[0] == 0 and m < 20 // page * page and page < 20)]
    result = crawl_candles(source, store, witness=witness)
    assert [one.row.ts for one in store.aside(BTC, at(0), at(100))] == [at(m) for m in seen]
    assert result.quarantined == len(seen)


def test_a_jump_that_the_others_saw_too_is_none_and_without_others_nobody_speaks() -> None:
    page = [outlier(m, 150.0 if m >= 4 else 100.0) for m in range(10)]
    saw = [Candle(SPOT, c.ts, c.open, c.high, c.low, c.close, 1.0) for c in page]
    assert peer(stored=saw).doubts(page) == []
    assert peer().doubts(page) == []

    class Away(MemoryCandles):
        def candles(self, instrument, start, end):
            raise Unavailable("away")

    assert peer(Away([])).doubts(page) == []


def test_peers_have_the_same_base_and_quote_elsewhere() -> None:
    others = [
        instrument(SPOT),
        instrument("binance_usdm:BTCUSDC", quote="USDC"),
        instrument("huobi_linear:BTC-USDT", base="BTC", quote="USDT"),
        instrument("bitmex:XBTZ26", base="BTC", quote="USDT", expiry=START),
    ]
    assert peers_of(PERP, [PERP, *others]) == [SPOT, "huobi_linear:BTC-USDT"]


def test_an_outlier_never_enters_the_store_and_its_hole_says_why() -> None:
    told = [candle(m) for m in range(100)]
    source, store = MemoryCandles([outlier(50, 200.0) if c.ts == at(50) else c for c in told]), MemoryCandleStore()
    witness = Witnesses(peer(stored=[candle(m, SPOT) for m in range(100)]))
    result = crawl_candles(source, store, witness=witness)
    assert (result.stored, result.quarantined) == (99, 1)
    assert [(gap.start, gap.end, gap.cause) for gap in store.gaps()] == [(at(50), at(51), "quarantined")]


def test_what_is_stored_is_denied_later_put_aside_and_asked_for_again() -> None:
    store = MemoryCandleStore()
    wrong = made(5, close=100.25)
    store.upsert([wrong if m == 5 else made(m) for m in range(10)])
    assert recheck(store, BTC, at(10), Witnesses(evidence(traded(range(-1, 11))))) == 1
    assert open_holes(store.gaps(), [BTC]) == {BTC: [Span(at(5), at(6))]}
    source = MemoryCandles([made(m) for m in range(10)])
    assert crawl_candles(source, store, 5, 6, again=True).new == 1
    [aside] = store.aside(BTC, at(0), at(10))
    assert (aside.row, aside.replaced) == (wrong, made(5))
    assert open_holes(store.gaps(), [BTC]) == {}
    assert len(store.times(BTC, at(0), at(10))) == 10
