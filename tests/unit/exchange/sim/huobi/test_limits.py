"""How often one may ask the simulated HTX: fixed windows of wall time."""

import pytest

from jtrader.exchange.sim.huobi.errors import Family, HuobiError
from jtrader.exchange.sim.huobi.limits import CONTRACT_TRADE, SPOT_WALLET, V5_TRADE, Allowance, Limits

START = 1_800_000_000_000


def spent(limits: Limits, allowance: Allowance, times: int, path: str = "/a", who: str = "me", at: int = START) -> None:
    for _ in range(times):
        limits.take(allowance, path, who, at, Family.CONTRACT)


@pytest.mark.parametrize("allowance", [CONTRACT_TRADE, SPOT_WALLET, V5_TRADE], ids=lambda one: one.name)
def test_a_window_takes_so_many_and_the_next_begins_anew(allowance: Allowance) -> None:
    limits = Limits()
    spent(limits, allowance, allowance.most)
    with pytest.raises(HuobiError) as refused:
        spent(limits, allowance, 1)
    assert refused.value.code == 1032
    with pytest.raises(HuobiError):
        spent(limits, allowance, 1, at=START + allowance.millis - 1 - START % allowance.millis)
    spent(limits, allowance, allowance.most, at=START + allowance.millis)


def test_paths_share_the_old_markets_windows_and_have_their_own_in_v5() -> None:
    limits = Limits()
    spent(limits, CONTRACT_TRADE, CONTRACT_TRADE.most, path="/a")
    with pytest.raises(HuobiError):
        spent(limits, CONTRACT_TRADE, 1, path="/b")
    spent(limits, CONTRACT_TRADE, 1, path="/b", who="another")
    spent(limits, V5_TRADE, V5_TRADE.most, path="/a")
    spent(limits, V5_TRADE, V5_TRADE.most, path="/b")


def test_headers_tell_what_is_left() -> None:
    limits = Limits()
    limits.take(CONTRACT_TRADE, "/a", "me", START, Family.CONTRACT)
    assert limits.take(CONTRACT_TRADE, "/a", "me", START, Family.CONTRACT) == {
        "ratelimit-limit": "72",
        "ratelimit-interval": "3000",
        "ratelimit-remaining": "70",
        "ratelimit-reset": str(START + 3000),
    }
    spot = limits.take(SPOT_WALLET, "/a", "me", START, Family.SPOT)
    assert spot == {"X-HB-RateLimit-Requests-Remain": "19", "X-HB-RateLimit-Requests-Expire": str(START + 2000)}


def test_a_key_may_have_a_faster_pace() -> None:
    limits = Limits()
    for _ in range(2 * CONTRACT_TRADE.most):
        limits.take(CONTRACT_TRADE, "/a", "me", START, Family.CONTRACT, pace=2.0)
    with pytest.raises(HuobiError):
        limits.take(CONTRACT_TRADE, "/a", "me", START, Family.CONTRACT, pace=2.0)
