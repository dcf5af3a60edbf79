"""What a venue's newest answer changes in what is known of its instruments."""

import pytest

from fixtures.instruments import instrument
from jtrader.crawl.listings import compare
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import Market
from jtrader.domain.instrument import InstrumentStatus
from jtrader.domain.times import HOUR

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
