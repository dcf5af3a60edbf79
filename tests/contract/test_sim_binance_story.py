"""The whole way of an order on each Binance market, through the real ccxt and ccxt.pro: markets, streams, place, amend,
cancel, a conditional order that goes to work, trades, balances, ledger; and who is refused."""

import asyncio
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from fixtures.ccxt_binance import FUNDS, Client, ccxt_clients
from fixtures.simulator import BINANCE, COINM, Simulator, StartSimulator
from jtrader.exchange.localnet import local_session

KEY, SECRET = "story-key", "story-secret"
MOVER, MOVERS_SECRET = "mover-key", "mover-secret"
RICH = {
    "binance_spot": {"USDT": "1000000000", "BTC": "10000"},
    "binance_usdm": {"USDT": "1000000000"},
    "binance_coinm": {"BTC": "100000"},
}
MARKETS = ("spot", "usdm", "coinm")
SIZES = {"spot": 1_000.0, "usdm": 900.0, "coinm": 600_000.0}
"""More than what stands between the best bid and a stop below it."""


@pytest.fixture(scope="module")
def simulator(start_simulator: StartSimulator) -> Iterator[Simulator]:
    mine = start_simulator(instruments=BINANCE + COINM)
    yield mine
    mine.stop()


@pytest.fixture(scope="module")
def clients(simulator: Simulator) -> Iterator[dict[str, Client]]:
    simulator.add_account(KEY, SECRET, FUNDS, pace=10)
    with ccxt_clients(simulator.uri, KEY, SECRET) as made:
        yield made


@pytest.fixture(scope="module")
def movers(simulator: Simulator) -> Iterator[dict[str, Client]]:
    simulator.add_account(MOVER, MOVERS_SECRET, RICH, pace=10)
    with ccxt_clients(simulator.uri, MOVER, MOVERS_SECRET) as made:
        yield made


class Watch:
    """The private stream of a client, kept in the background."""

    def __init__(self, client: Client) -> None:
        self.orders: list[dict[str, Any]] = []
        self.trades: list[dict[str, Any]] = []
        self.balances: list[dict[str, Any]] = []
        self._client = client
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        exchange, symbol = self._client.exchange, self._client.symbol
        kinds = {"spot": {"type": "spot"}, "usdm": {"type": "future"}, "coinm": {"type": "delivery"}}
        await exchange.authenticate(kinds[self._client.name])
        self._tasks = [
            asyncio.create_task(self._follow(lambda: exchange.watch_orders(symbol), self.orders)),
            asyncio.create_task(self._follow(lambda: exchange.watch_my_trades(symbol), self.trades)),
            asyncio.create_task(self._follow(self._balance, self.balances)),
        ]
        while not any("ws" in c.url and c.connected.done() for c in exchange.clients.values()):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)

    async def until(self, told: Any) -> None:
        while not told():
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _balance(self) -> list[dict[str, Any]]:
        return [dict(await self._client.exchange.watch_balance())]

    async def _follow(self, watch: Any, into: list[dict[str, Any]]) -> None:
        while True:
            into.extend([dict(one) for one in await watch()])


@pytest.mark.parametrize("name", MARKETS)
def test_the_way_of_an_order(
    clients: dict[str, Client], movers: dict[str, Client], simulator: Simulator, name: str
) -> None:
    client, mover = clients[name], movers[name]
    watch = Watch(client)
    client.do(watch.start)
    before = client.wallet()

    # place, amend, cancel
    order = client.resting(clientOrderId=f"story-{name}")
    assert (order["status"], order["clientOrderId"]) == ("open", f"story-{name}")
    amended = client(
        "edit_order", order["id"], client.symbol, "limit", "buy", client.amount, order["price"] - client.step
    )
    assert amended["price"] == order["price"] - client.step
    assert (amended["id"] == order["id"]) is not client.is_spot  # spot cancels and places anew
    assert client("cancel_order", amended["id"], client.symbol)["status"] == "canceled"
    client.do(lambda: watch.until(lambda: any(o["status"] == "canceled" for o in watch.orders)))

    # a position, and a stop that closes it
    bought = client.order("market", "buy", client.amount)
    assert bought["status"] == "closed"
    bid, _ = client.best()
    sell = client.amount if not client.is_spot else round(client.amount / 2, 5)
    stop = client.order("market", "sell", sell, stopLossPrice=round(bid - 20, 1))
    assert [one["id"] for one in client.stops()] == [stop["id"]]
    mover.order("limit", "sell", SIZES[name], round(bid - 40, 1), timeInForce="IOC")
    simulator.run_for(1)
    assert client.stops() == []
    sold = next(o for o in reversed(client("fetch_orders", client.symbol)) if o["side"] == "sell")
    assert (
        sold["clientOrderId"] == stop["clientOrderId"]
    ) is client.is_spot  # futures make an order of their own of it
    assert (sold["status"], sold["filled"], sold["side"]) == ("closed", sell, "sell")

    # the stream told all of it
    client.do(lambda: watch.until(lambda: {bought["id"], sold["id"]} <= {t["order"] for t in watch.trades}))
    client.do(watch.stop)
    told = [o["status"] for o in watch.orders if o["id"] == sold["id"]]
    assert told[-1] == "closed"
    assert watch.balances[-1][client.asset]["total"] == pytest.approx(float(client.wallet()))

    # trades, balances, ledger
    trades = [t for t in client("fetch_my_trades", client.symbol) if t["order"] in (bought["id"], sold["id"])]
    assert {t["side"] for t in trades} == {"buy", "sell"}
    moved = client.wallet() - before
    assert moved == (_spot_moves(trades) if client.is_spot else sum(Decimal(row["income"]) for row in client.income()))
    if not client.is_spot:
        ledger = client("fetch_ledger", None, None, 1000)
        assert {row["info"]["incomeType"] for row in ledger} == {"COMMISSION", "REALIZED_PNL"}
        assert client("fetch_positions") == []


def _spot_moves(trades: list[dict[str, Any]]) -> Decimal:
    """Of BTC: what was bought less what was sold and the fees in it."""
    moved = Decimal(0)
    for trade in trades:
        quantity = Decimal(trade["info"]["qty"])
        moved += quantity if trade["side"] == "buy" else -quantity
        moved -= Decimal(trade["info"]["commission"]) if trade["info"]["commissionAsset"] == "BTC" else 0
    return moved


WRONG: list[tuple[str, dict[str, str], int, str, str]] = [
    ("a key that nobody has", {"apiKey": "nobody", "secret": SECRET}, 0, "AuthenticationError", "-2015"),
    ("a signature by another secret", {"apiKey": KEY, "secret": "wrong"}, 0, "AuthenticationError", "-1022|Signature"),
    ("a timestamp of long ago", {"apiKey": KEY, "secret": SECRET}, -120_000, "InvalidNonce", "-1021|recvWindow"),
    ("a timestamp of just now", {"apiKey": KEY, "secret": SECRET}, -2_000, "", ""),
    ("a timestamp to come", {"apiKey": KEY, "secret": SECRET}, 60_000, "InvalidNonce", "-1021|ahead"),
]
ASKS = {
    "binance": "privateGetAccount",
    "binanceusdm": "fapiPrivateV3GetBalance",
    "binancecoinm": "dapiPrivateGetBalance",
}


@pytest.mark.parametrize("exchange", ASKS)
@pytest.mark.parametrize(("keys", "shift", "kind", "words"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_who_proves_nothing_is_refused_on_each_market(
    simulator: Simulator,
    clients: dict[str, Client],
    exchange: str,
    keys: dict[str, str],
    shift: int,
    kind: str,
    words: str,
) -> None:
    import ccxt
    import ccxt.async_support as ccxt_async

    async def ask() -> None:
        async with local_session(simulator.uri) as session:
            made = getattr(ccxt_async, exchange)({**keys, "session": session})
            made.nonce = lambda: int(time.time() * 1000) + shift
            try:
                await getattr(made, ASKS[exchange])()
            finally:
                await made.close()

    if not kind:
        clients["spot"].do(ask)
        return
    with pytest.raises(getattr(ccxt, kind), match=words):
        clients["spot"].do(ask)
