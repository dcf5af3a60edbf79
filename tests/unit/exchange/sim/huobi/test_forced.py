"""What the simulated HTX does by itself: liquidations as it tells them, and the dead man's switch."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from fixtures.htx_floor import KEY, HtxDesk
from jtrader.domain.times import parse_time
from jtrader.exchange.sim.huobi.errors import HuobiError
from jtrader.exchange.sim.huobi.notices_inverse import InverseSpeaker
from jtrader.exchange.sim.huobi.public_notices import PublicNotices
from jtrader.exchange.sim.huobi.switches import Switches
from jtrader.venue.units import atoms

START = parse_time("2026-01-15T15:58:00Z")


def ruined() -> HtxDesk:
    """A coin-margined long whose wallet has lost all but a little."""
    desk = HtxDesk(START, instruments=("huobi_swap:BTC-USD",))
    order = {"contract_code": "BTC-USD", "lever_rate": 20, "volume": 100, "order_price_type": "opponent"}
    desk.post("/swap-api/v1/swap_order", direction="buy", offset="open", **order)
    desk.settled()
    account = desk.world.venues["huobi_swap"].accounts[KEY]
    account.holding("BTC").free = atoms("0.00001")
    return desk


def test_a_liquidation_is_told_as_one_everywhere() -> None:
    desk = ruined()
    venue = desk.world.venues["huobi_swap"]
    made = venue.check_liquidations(desk.world.now)
    assert made
    told = next(one for one in desk.world.told() if one.market == "huobi_swap")
    notices = list(InverseSpeaker(desk.world, "huobi_swap").notices(told, frozenset({KEY})))
    orders = [one.body for one in notices if one.kind == "orders"]
    assert {(row["order_type"], row["liquidation_type"], row["order_source"]) for row in orders} == {(3, "3", "risk")}
    assert {one.body["event"] for one in notices if one.kind == "positions"} == {"order.liquidation"}
    public = [one for one in PublicNotices(desk.world, "huobi_swap").notices(told) if one.kind == "liquidation_orders"]
    assert public[0].body["data"][0]["direction"] == "sell"
    rows = desk.get("/swap-api/v3/swap_liquidation_orders", contract="BTC-USD", trade_type=5)
    assert sum(row["volume"] for row in rows if row["query_id"] == made[0].id) == 100
    assert desk.get("/swap-api/v3/swap_liquidation_orders", contract="BTC-USD", trade_type=6) == []
    past = desk.post("/swap-api/v3/swap_hisorders", contract="BTC-USD", type=1, trade_type=5)
    assert {row["order_type"] for row in past} == {3}
    types = {row["type"] for row in desk.post("/swap-api/v3/swap_financial_record", contract="BTC-USD")}
    assert 12 in types
    assert desk.post("/swap-api/v1/swap_position_info") == []


def test_v5_tells_liquidations_with_the_leg_and_the_bankruptcy_price() -> None:
    desk = HtxDesk(START, instruments=("huobi_linear:BTC-USDT",))
    desk.post("/v5/trade/order", contract_code="BTC-USDT", side="sell", type="market", volume=100)
    desk.settled()
    venue = desk.world.venues["huobi_linear"]
    venue.accounts[KEY].holding("USDT").free = atoms("1")
    made = venue.check_liquidations(desk.world.now)
    row = desk.get("/v5/market/liquidation_orders", contract_code="BTC-USDT")[-1]
    assert (row["id"], row["side"], row["position_side"], row["volume"]) == (str(made[0].id), "buy", "both", "100")
    listing = venue.listings["BTC-USDT"]
    assert Decimal(row["bankrupt_price"]) == Decimal(listing.price_text(made[0].price or 0))


def test_the_switch_rings_unless_it_is_set_again() -> None:
    rung: list[tuple[str, str]] = []

    async def work() -> None:
        switches = Switches(lambda market, account: rung.append((market, account)))
        for name in ("me", "another"):
            switches.set("huobi_swap", name, 20)
            switches.set("huobi_spot", name, 20)
        switches.set("huobi_swap", "me", 5_000)
        for name in ("me", "another"):
            switches.set("huobi_spot", name, 0)
        async with asyncio.timeout(5):
            while not rung:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.01)
        switches.close()

    asyncio.run(work())
    assert rung == [("huobi_swap", "another")]


WRONG: list[tuple[str, dict[str, Any], int]] = [
    ("/v2/algo-orders/cancel-all-after", {"timeout": 4}, 2003),
    ("/v2/algo-orders/cancel-all-after", {}, 2003),
    ("/swap-api/v1/swap-cancel-after", {"on_off": 2}, 1067),
    ("/swap-api/v1/swap-cancel-after", {"on_off": 1, "time_out": 4_999}, 1067),
]


@pytest.mark.parametrize(("path", "params", "code"), WRONG)
def test_the_switch_wants_five_seconds_at_least(path: str, params: dict[str, Any], code: int) -> None:
    desk = HtxDesk(START, instruments=("huobi_spot:btcusdt", "huobi_swap:BTC-USD"))
    with pytest.raises(HuobiError) as refused:
        desk.post(path, **params)
    assert refused.value.code == code


def test_the_switchs_answers() -> None:
    async def work() -> list[dict[str, Any]]:
        desk = HtxDesk(START, instruments=("huobi_spot:btcusdt", "huobi_swap:BTC-USD"))
        return [
            desk.post("/v2/algo-orders/cancel-all-after", timeout=10),
            desk.post("/v2/algo-orders/cancel-all-after", timeout=0),
            desk.post("/swap-api/v1/swap-cancel-after", on_off=1, time_out=7_000),
            desk.post("/swap-api/v1/swap-cancel-after", on_off=0),
        ]

    assert asyncio.run(work()) == [
        {"currentTime": 0, "triggerTime": 10_000},
        {"currentTime": 0, "triggerTime": 0},
        {"current_time": 0, "trigger_time": 7_000},
        {"current_time": 0, "trigger_time": None},
    ]
