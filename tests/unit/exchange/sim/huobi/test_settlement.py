"""Periodic settlement of the simulated HTX's contracts: profit moves to the balance, the position's price is re-based.

At 08:00 UTC funding, the swaps' settlement (every eight hours) and the dated contracts' (daily) fall together.
"""

from decimal import Decimal
from typing import Any

import pytest

from fixtures.htx_floor import HtxDesk
from jtrader.domain.times import SECOND, parse_time, to_millis

START, SETTLED = parse_time("2026-01-16T07:58:00Z"), parse_time("2026-01-16T08:00:00Z")
SYMBOLS = {"linear": "huobi_linear:BTC-USDT", "swap": "huobi_swap:BTC-USD", "future": "huobi_future:BTC261225"}


class Market:
    """The same questions to each of the contract markets."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.desk = HtxDesk(START, instruments=(SYMBOLS[kind],))
        self.code = SYMBOLS[kind].partition(":")[2]
        api, word = ("/swap-api", "swap") if kind == "swap" else ("/api", "contract")
        self._path = f"{api}/v1/{word}_{{}}"

    def ask(self, what: str, **params: Any) -> Any:
        return self.desk.post(self._path.format(what), contract_code=self.code, **params)

    def buy(self, volume: int) -> None:
        if self.kind == "linear":
            self.desk.post("/v5/trade/order", contract_code=self.code, side="buy", type="market", volume=volume)
        else:
            self.ask("order", direction="buy", offset="open", lever_rate=20, volume=volume, order_price_type="opponent")
        self.desk.settled()

    def position(self) -> dict[str, Decimal]:
        """open: the price of entry; unreal: profit since the last settlement."""
        if self.kind == "linear":
            row = self.desk.get("/v5/trade/position/opens", contract_code=self.code)[0]
            return {"open": Decimal(row["open_avg_price"]), "unreal": Decimal(row["profit_unreal"])}
        row = self.ask("position_info")[0]
        return {
            "open": row["cost_open"],
            "hold": row["cost_hold"],
            "unreal": row["profit_unreal"],
            "all": row["profit"],
        }

    def static(self) -> Decimal:
        """The balance without unrealised profit."""
        if self.kind == "linear":
            detail = self.desk.get("/v5/account/balance")["details"][0]
            return Decimal(detail["equity"]) - Decimal(detail["profit_unreal"])
        return Decimal(self.ask("account_info")[0]["margin_static"])

    def ledger(self, types: str) -> list[Decimal]:
        if self.kind == "linear":
            rows = self.desk.get("/v5/account/bills", type=types)
        else:
            rows = self.ask("financial_record", type=types)["financial_record"]
        return [Decimal(row["amount"]) for row in rows]

    def settlement_price(self) -> Decimal:
        if self.kind == "linear":
            row = self.desk.get("/v5/market/settlement_history", contract_code=self.code)[0]
            assert row["settlement_time"] == str(to_millis(SETTLED))
            return Decimal(row["settlement_price"])
        path = "/swap-api/v1/swap_settlement_records" if self.kind == "swap" else "/api/v1/contract_settlement_records"
        row = self.desk.get(path, contract_code=self.code)["settlement_record"][0]
        assert row["settlement_time"] == to_millis(SETTLED)
        return Decimal((row if self.kind == "swap" else row["list"][0])["settlement_price"])


@pytest.mark.parametrize("kind", sorted(SYMBOLS))
def test_settlement_moves_profit_and_re_bases_the_price_but_not_the_open_price(kind: str) -> None:
    market = Market(kind)
    market.buy(20)
    before, static = market.position(), market.static()
    market.desk.play(SETTLED + SECOND)
    after, settled = market.position(), market.ledger("16")
    assert after["open"] == before["open"]
    assert len(settled) == 1
    funding = market.ledger("30,31")
    assert len(funding) == (0 if kind == "future" else 1)
    assert market.static() == static + sum(settled) + sum(funding)
    price = market.settlement_price()
    if kind != "linear":
        assert before["hold"] == before["open"]
        assert abs(after["hold"] - price) < Decimal("0.5"), "to a satoshi of the position's worth"
        assert after["all"] == after["unreal"] + sum(settled)
    else:
        assert sum(settled) == round((price - before["open"]) * 20 * Decimal("0.001"), 8)


@pytest.mark.parametrize("kind", ["swap", "future"])
def test_the_accounts_settlement_records_tell_what_was_held_and_moved(kind: str) -> None:
    market = Market(kind)
    assert market.ask("user_settlement_records")["settlement_records"] == []
    market.desk.play(START + SECOND)
    market.buy(20)
    before = market.position()
    market.desk.play(SETTLED + SECOND)
    found = market.ask("user_settlement_records")
    assert (found["total_size"], found["current_page"]) == (1, 1)
    record = found["settlement_records"][0]
    assert (record["settlement_time"], record["margin_balance"]) == (to_millis(SETTLED), market.static())
    assert record["margin_balance_init"] == 10
    assert record["margin_balance"] - record["margin_balance_init"] == record["settlement_profit_real"]
    parts = record["fee"] + record["offset_profitloss"] + (record["funding_fee"] if kind == "swap" else 0)
    held = record["positions"][0]
    assert record["settlement_profit_real"] == parts + held["settlement_profit_unreal"]
    assert (held["direction"], held["volume"]) == ("buy", 20)
    assert held["cost_open"] == before["open"]
    assert held["cost_hold_pre"] == before["hold"]
    assert held["cost_hold"] == held["settlement_price"] == market.settlement_price()


def test_a_dated_contract_ends_at_its_delivery() -> None:
    """Delivered at the average of its index: the position is gone, profit and fee stand in the ledger."""
    expiry = parse_time("2026-12-25T08:00:00Z")
    desk = HtxDesk(expiry - 120 * SECOND, instruments=(SYMBOLS["future"],))
    order = {"contract_code": "BTC261225", "volume": 20, "lever_rate": 5, "order_price_type": "opponent"}
    desk.post("/api/v1/contract_order", direction="sell", offset="open", **order)
    desk.settled()
    desk.play(expiry + SECOND)
    assert desk.post("/api/v1/contract_position_info") == []
    rows = desk.post("/api/v1/contract_financial_record", symbol="BTC")["financial_record"]
    assert {row["type"] for row in rows} >= {5, 10, 11}
    static = desk.post("/api/v1/contract_account_info")[0]["margin_static"]
    assert static == 10 + sum(Decimal(row["amount"]) for row in rows)
    listed = desk.get("/api/v1/contract_contract_info")[0]
    assert listed["contract_status"] == 0
