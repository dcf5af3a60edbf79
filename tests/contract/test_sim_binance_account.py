"""Accounts of the simulated Binance: modes, margins, fees in BNB, wallets and what moves between them, delivery, halts.

Codes and shapes are those of Binance's documents (developers.binance.com): Wallet (Withdraw, Deposit History, User
Universal Transfer, Dust Transfer, Dust Log) and Derivatives (Change Margin Type, Change Position Mode, Modify Isolated
Position Margin, Account endpoints, error codes).
"""

import asyncio
import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from fixtures.binance_requests import Requests, Stream
from fixtures.simulator import BINANCE, COINM, Simulator, StartSimulator
from jtrader.domain.times import DAY

NAMES = itertools.count(1)
FUNDS = {
    "binance_spot": {"USDT": "100000", "BTC": "1", "ETH": "0.001", "BNB": "10"},
    "binance_usdm": {"USDT": "100000", "BNB": "5"},
    "binance_coinm": {"BTC": "10", "ETH": "100"},
}
SYMBOLS = {"/fapi/v1": "BTCUSDT", "/dapi/v1": "BTCUSD_PERP"}
QUANTITIES = {"/fapi/v1": "0.01", "/dapi/v1": "2"}
FUTURES = tuple(SYMBOLS)


@pytest.fixture(scope="module")
def simulator(start_simulator: StartSimulator) -> Iterator[Simulator]:
    mine = start_simulator(instruments=BINANCE + COINM, live_minutes=5)
    yield mine
    mine.stop()


@pytest.fixture
def trader(simulator: Simulator) -> Iterator[Requests]:
    """A key of its own for each test."""
    name = f"account-{next(NAMES)}"
    simulator.add_account(name, "s", FUNDS, pace=20)
    mine = Requests(simulator.uri, name, "s")
    yield mine
    mine.close()


def market(trader: Requests, at: str, side: str = "BUY", **more: Any) -> dict[str, Any]:
    order = {"symbol": SYMBOLS[at], "side": side, "type": "MARKET", "quantity": QUANTITIES[at]}
    return dict(trader.ask("POST", f"{at}/order", **(order | more)))


def risk(trader: Requests, at: str) -> list[dict[str, Any]]:
    path = "/fapi/v2/positionRisk" if at == "/fapi/v1" else "/dapi/v1/positionRisk"
    return [row for row in trader.ask("GET", path) if row["symbol"] == SYMBOLS[at]]


def balances(trader: Requests) -> dict[str, Decimal]:
    rows = trader.ask("GET", "/api/v3/account")["balances"]
    return {row["asset"]: Decimal(row["free"]) + Decimal(row["locked"]) for row in rows}


@pytest.mark.parametrize("at", FUTURES)
class TestModes:
    def test_hedge_mode_keeps_two_positions(self, trader: Requests, at: str) -> None:
        assert trader.ask("GET", f"{at}/positionSide/dual") == {"dualSidePosition": False}
        assert trader.refused("POST", f"{at}/positionSide/dual", dualSidePosition="false") == (400, -4059)
        trader.ask("POST", f"{at}/positionSide/dual", dualSidePosition="true")
        order = {"symbol": SYMBOLS[at], "side": "BUY", "type": "MARKET", "quantity": QUANTITIES[at]}
        assert trader.refused("POST", f"{at}/order", **order) == (400, -4061)
        market(trader, at, positionSide="LONG")
        market(trader, at, "SELL", positionSide="SHORT")
        held = {row["positionSide"]: Decimal(row["positionAmt"]) for row in risk(trader, at)}
        assert held == {"LONG": Decimal(QUANTITIES[at]), "SHORT": -Decimal(QUANTITIES[at])}
        assert trader.refused("POST", f"{at}/positionSide/dual", dualSidePosition="false") == (400, -4068)
        market(trader, at, "SELL", positionSide="LONG")
        market(trader, at, positionSide="SHORT")
        trader.ask("POST", f"{at}/positionSide/dual", dualSidePosition="false")

    def test_an_isolated_position_has_its_own_margin(self, trader: Requests, at: str) -> None:
        name = {"symbol": SYMBOLS[at]}
        assert trader.refused("POST", f"{at}/marginType", **name, marginType="CROSSED") == (400, -4046)
        trader.ask("POST", f"{at}/marginType", **name, marginType="ISOLATED")
        trader.ask("POST", f"{at}/leverage", **name, leverage=10)
        market(trader, at)
        assert trader.refused("POST", f"{at}/marginType", **name, marginType="CROSSED") == (400, -4047)
        (before,) = risk(trader, at)
        assert before["marginType"] == "isolated"
        expected = abs(Decimal(before["notional"])) / 10
        assert abs(Decimal(before["isolatedWallet"]) - expected) < expected / 100
        more = "10" if at == "/fapi/v1" else "0.0001"
        trader.ask("POST", f"{at}/positionMargin", **name, amount=more, type=1)
        (after,) = risk(trader, at)
        assert Decimal(after["isolatedWallet"]) - Decimal(before["isolatedWallet"]) == Decimal(more)
        assert Decimal(after["liquidationPrice"]) < Decimal(before["liquidationPrice"])
        assert trader.refused("POST", f"{at}/positionMargin", **name, amount="90000000", type=1) == (400, -2019)

    def test_leverage_is_bounded_told_and_used(self, trader: Requests, simulator: Simulator, at: str) -> None:
        assert trader.refused("POST", f"{at}/leverage", symbol=SYMBOLS[at], leverage=126) == (400, -4028)
        listen_key = trader.ask("POST", f"{at}/listenKey")["listenKey"]
        host, path = ("fstream", "/private/ws?listenKey=") if at == "/fapi/v1" else ("dstream", "/ws/")

        async def run() -> dict[str, Any]:
            async with Stream(simulator.uri, host, path + listen_key) as stream:
                await asyncio.to_thread(trader.ask, "POST", f"{at}/leverage", symbol=SYMBOLS[at], leverage=7)
                return await stream.until("ACCOUNT_CONFIG_UPDATE")

        assert asyncio.run(run())["ac"] == {"s": SYMBOLS[at], "l": 7}
        market(trader, at)
        (row,) = risk(trader, at)
        assert row["leverage"] == "7"


def test_the_asset_mode_and_fees_in_bnb_of_futures(trader: Requests) -> None:
    trader.ask("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true")
    assert trader.ask("GET", "/fapi/v1/multiAssetsMargin") == {"multiAssetsMargin": True}
    assert trader.refused("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true") == (400, -4171)
    assert trader.ask("GET", "/fapi/v1/feeBurn") == {"feeBurn": False}
    trader.ask("POST", "/fapi/v1/feeBurn", feeBurn="true")
    market(trader, "/fapi/v1")
    fees = trader.ask("GET", "/fapi/v1/income", incomeType="COMMISSION")
    assert {row["asset"] for row in fees} == {"BNB"}


def test_spot_fees_in_bnb_are_a_quarter_less(trader: Requests) -> None:
    buy = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    plain = trader.ask("POST", "/api/v3/order", **buy)["fills"]
    assert {fill["commissionAsset"] for fill in plain} == {"BTC"}
    assert trader.ask("POST", "/sapi/v1/bnbBurn", spotBNBBurn="true")["spotBNBBurn"] is True
    before = balances(trader)
    fills = trader.ask("POST", "/api/v3/order", **buy)["fills"]
    assert {fill["commissionAsset"] for fill in fills} == {"BNB"}
    paid = sum(Decimal(fill["commission"]) for fill in fills)
    assert before["BNB"] - balances(trader)["BNB"] == paid
    told = trader.ask("GET", "/api/v3/account/commission", symbol="BTCUSDT")["discount"]
    assert (told["enabledForAccount"], told["discount"]) == (True, "0.75000000")


TRANSFERS = [
    ("MAIN_UMFUTURE", "USDT", "100", "/fapi/v1"),
    ("UMFUTURE_MAIN", "USDT", "50", "/fapi/v1"),
    ("MAIN_CMFUTURE", "BTC", "0.5", "/dapi/v1"),
    ("CMFUTURE_MAIN", "BTC", "1", "/dapi/v1"),
]


@pytest.mark.parametrize(("kind", "asset", "amount", "at"), TRANSFERS)
def test_a_transfer_shows_at_both_wallets(trader: Requests, kind: str, asset: str, amount: str, at: str) -> None:
    before = balances(trader)
    number = trader.ask("POST", "/sapi/v1/asset/transfer", type=kind, asset=asset, amount=amount)["tranId"]
    moved = -Decimal(amount) if kind.startswith("MAIN") else Decimal(amount)
    assert balances(trader)[asset] - before[asset] == moved
    (row,) = trader.ask("GET", f"{at}/income", incomeType="TRANSFER")
    assert (Decimal(row["income"]), row["asset"]) == (-moved, asset)
    history = trader.ask("GET", "/sapi/v1/asset/transfer", type=kind)
    assert [(one["tranId"], one["status"], Decimal(one["amount"])) for one in history["rows"]] == [
        (number, "CONFIRMED", Decimal(amount))
    ]
    assert trader.ask("GET", "/sapi/v1/capital/deposit/hisrec") == []
    assert trader.ask("GET", "/sapi/v1/capital/withdraw/history") == []


def test_what_is_not_there_can_not_be_moved(trader: Requests) -> None:
    asked = {"asset": "USDT", "amount": "1e9"}
    assert trader.refused("POST", "/sapi/v1/asset/transfer", type="MAIN_UMFUTURE", **asked) == (400, -5013)
    assert trader.refused("POST", "/sapi/v1/asset/transfer", type="MAIN_MARS", **asked) == (400, -1100)
    market(trader, "/fapi/v1", quantity="18")
    back = {"type": "UMFUTURE_MAIN", "asset": "USDT", "amount": "90000"}
    assert trader.refused("POST", "/sapi/v1/asset/transfer", **back) == (400, -5013)


def test_deposits_and_withdrawals_carry_their_fee_and_end(trader: Requests, simulator: Simulator) -> None:
    before = balances(trader)
    entry = simulator.deposit(trader.key, "binance_spot", "USDT", "250")
    (came,) = trader.ask("GET", "/sapi/v1/capital/deposit/hisrec")
    assert (came["id"], came["amount"], came["status"]) == (entry, "250.00000000", 1)
    number = trader.ask("POST", "/sapi/v1/capital/withdraw/apply", coin="USDT", address="somewhere", amount="100")["id"]
    (gone,) = trader.ask("GET", "/sapi/v1/capital/withdraw/history")
    assert (gone["id"], gone["amount"], gone["transactionFee"]) == (number, "99.00000000", "1.00000000")
    assert (gone["address"], gone["status"], gone["applyTime"]) == ("somewhere", 6, "2026-01-15 15:30:00")
    assert balances(trader)["USDT"] - before["USDT"] == 150
    too_much = {"coin": "USDT", "address": "somewhere", "amount": "1e9"}
    assert trader.refused("POST", "/sapi/v1/capital/withdraw/apply", **too_much)[0] == 400


def test_dust_becomes_bnb(trader: Requests) -> None:
    candidates = trader.ask("POST", "/sapi/v1/asset/dust-btc")["details"]
    assert [row["asset"] for row in candidates] == ["ETH"]
    before = balances(trader)
    done = trader.ask("POST", "/sapi/v1/asset/dust", asset="ETH")
    after = balances(trader)
    assert "ETH" not in after
    assert after["BNB"] - before["BNB"] == Decimal(done["totalTransfered"]) > 0
    (log,) = trader.ask("GET", "/sapi/v1/asset/dribblet")["userAssetDribblets"]
    (detail,) = log["userAssetDribbletDetails"]
    assert (detail["fromAsset"], detail["amount"]) == ("ETH", "0.00100000")
    assert detail["transferedAmount"] == done["totalTransfered"]
    assert trader.refused("POST", "/sapi/v1/asset/dust", asset="BTC") == (400, -1102)


def test_a_halt_and_other_rules_are_told_and_kept(trader: Requests, simulator: Simulator) -> None:
    async def run() -> dict[str, Any]:
        async with Stream(simulator.uri, "fstream", "/market/ws/!contractInfo") as stream:
            await asyncio.to_thread(simulator.change, "binance_usdm:ETHUSDT", status="halted")
            return await stream.until("contractInfo")

    told = asyncio.run(run())
    assert (told["s"], told["cs"]) == ("ETHUSDT", "PRE_SETTLE")
    listed = {row["symbol"]: row for row in trader.ask("GET", "/fapi/v1/exchangeInfo")["symbols"]}
    assert (listed["ETHUSDT"]["status"], listed["BTCUSDT"]["status"]) == ("PRE_SETTLE", "TRADING")
    order = {"symbol": "ETHUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
    assert trader.refused("POST", "/fapi/v1/order", **order) == (400, -4108)
    simulator.change("binance_usdm:ETHUSDT", status="trading")
    trader.ask("POST", "/fapi/v1/order", **order)
    simulator.change("binance_spot:ETHUSDT", status="halted")
    spot = {row["symbol"]: row["status"] for row in trader.ask("GET", "/api/v3/exchangeInfo")["symbols"]}
    assert spot == {"BTCUSDT": "TRADING", "ETHUSDT": "HALT"}
    assert trader.refused("POST", "/api/v3/order", **order) == (400, -1013)
    simulator.change("binance_spot:ETHUSDT", status="trading")


def test_dated_contracts_have_no_funding_and_are_delivered(trader: Requests, simulator: Simulator) -> None:
    """The last test of this file: it takes the market past its live window, to the contract's end."""
    dated = "BTCUSD_261225"
    rows = {row["symbol"]: row for row in trader.ask("GET", "/dapi/v1/premiumIndex")}
    assert (rows[dated]["lastFundingRate"], rows[dated]["nextFundingTime"]) == ("", 0)
    assert trader.ask("GET", "/dapi/v1/fundingRate", symbol=dated) == []
    listed = {row["symbol"]: row for row in trader.ask("GET", "/dapi/v1/exchangeInfo")["symbols"]}
    assert (listed[dated]["contractType"], listed[dated]["deliveryDate"]) == ("NEXT_QUARTER", 1_798_185_600_000)
    assert (listed["BTCUSD_PERP"]["contractType"], listed["BTCUSD_PERP"]["contractSize"]) == ("PERPETUAL", 100)
    assert trader.ask("GET", "/dapi/v1/continuousKlines", pair="BTCUSD", contractType="NEXT_QUARTER", interval="1h")
    market(trader, "/dapi/v1", symbol=dated)
    simulator.jump(1_798_185_600_000_000_000 + DAY)
    assert [
        row
        for row in trader.ask("GET", "/dapi/v1/positionRisk")
        if row["symbol"] == dated and float(row["positionAmt"])
    ] == []
    (delivered,) = trader.ask("GET", "/dapi/v1/income", incomeType="DELIVERED_SETTELMENT", startTime=0)
    assert (delivered["symbol"], delivered["asset"]) == (dated, "BTC")
    after = {row["symbol"]: row["contractStatus"] for row in trader.ask("GET", "/dapi/v1/exchangeInfo")["symbols"]}
    assert after[dated] == "CLOSE"
