"""A day of fills on one derivative account, made from a seed: what the journal holds and what the venue tells of it.

Four strategies trade three perpetual contracts to and fro; a trade has one row of the venue's ledger for its commission
and one for what it realised.
"""

import datetime as dt
import random
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from fixtures.instruments import instrument
from jtrader.domain.account import Balance, EntryKind, VenueEntry, VenuePosition
from jtrader.domain.events import AccountOpened, ChildAccepted, Event, OrderFilled
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, ParentId, StrategyId, TradeId, VenueOrderId
from jtrader.domain.money import round_half_even
from jtrader.domain.order import ChildOrder, Fill, OrderType, Side, TimeInForce
from jtrader.domain.times import day_bounds
from jtrader.ledger.position import FLAT, traded
from jtrader.ledger.rules import SATOSHI, rounding_at

DATE = dt.date(2026, 1, 15)
START, END = day_bounds(DATE)
ACCOUNT = AccountId("alpha")
NAMES = tuple(InstrumentId(f"binance_usdm:{base}USDT") for base in ("BTC", "ETH", "SOL"))
INSTRUMENTS = {name: instrument(name) for name in NAMES}
STRATEGIES = tuple(StrategyId(name) for name in ("momentum", "carry", "pairs", "maker"))
PRICE = Decimal(50_000)
WALLET = Decimal(10**9)
FEE = Decimal("0.0005")
FILLS_AN_ORDER = 4


def day(seed: int, fills: int) -> Iterator[Event]:
    """The opening, then each order and its fills, in the order of their times."""
    rng = random.Random(seed)
    yield AccountOpened(ts=START, account=ACCOUNT, balances={"USDT": WALLET})
    step = (END - START - 1) // (fills + 1)
    for number in range(fills):
        if number % FILLS_AN_ORDER == 0:
            order = _order(rng, number, START + step * (number + 1))
            yield ChildAccepted(ts=order.ts, order=order)
        yield _fill(rng, order, number, START + step * (number + 1))


def _order(rng: random.Random, number: int, ts: int) -> ChildOrder:
    return ChildOrder(
        client_order_id=ClientOrderId(f"jt-{number:010d}-1"),
        parent_id=ParentId(f"p{number}"),
        strategy=rng.choice(STRATEGIES),
        account=ACCOUNT,
        instrument=rng.choice(NAMES),
        side=rng.choice((Side.BUY, Side.SELL)),
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        quantity=Decimal(1),
        price=PRICE,
        reduce_only=False,
        ts=ts,
    )


def _fill(rng: random.Random, order: ChildOrder, number: int, ts: int) -> OrderFilled:
    price = PRICE + rng.randrange(-9_999, 10_000) / Decimal(10)
    quantity = rng.randrange(1, 250) / Decimal(1_000)
    fill = Fill(
        account=order.account,
        instrument=order.instrument,
        trade_id=TradeId(str(1_000_000 + number)),
        venue_order_id=VenueOrderId(f"9{number // FILLS_AN_ORDER}"),
        client_order_id=order.client_order_id,
        side=order.side,
        price=price,
        quantity=quantity,
        fee=price * quantity * FEE,
        fee_asset="USDT",
        maker=False,
        ts=ts,
    )
    return OrderFilled(ts=ts, fill=fill)


class Venue:
    """The venue's own books of the account: it realises against the net position."""

    def __init__(self) -> None:
        self._wallet = WALLET
        self._net = dict.fromkeys(NAMES, FLAT)

    def trade(self, fill: Fill) -> tuple[Fill, list[VenueEntry]]:
        """The fill with what it realised, and its rows of the ledger."""
        rules, quantity = INSTRUMENTS[fill.instrument], fill.side.sign * fill.quantity
        done = traded(self._net[fill.instrument], rules, quantity, fill.price, rounding_at(rules, fill.ts))
        self._net[fill.instrument] = done.holding
        self._wallet += done.realised - fill.fee
        rows = [_row(fill, EntryKind.TRADE, done.realised)] if done.realised else []
        rows.append(_row(fill, EntryKind.FEE, -fill.fee))
        return msgspec.structs.replace(fill, realised=done.realised), rows

    def balances(self) -> tuple[Balance, ...]:
        return (Balance(account=ACCOUNT, asset="USDT", total=self._wallet, free=self._wallet),)

    def positions(self) -> tuple[VenuePosition, ...]:
        return tuple(
            VenuePosition(
                account=ACCOUNT,
                instrument=name,
                quantity=held.quantity,
                entry_price=round_half_even(held.cost / held.quantity, SATOSHI),
                mark=PRICE,
                unrealised=round_half_even(held.quantity * PRICE - held.cost, SATOSHI),
                settle="USDT",
            )
            for name, held in self._net.items()
            if held.quantity
        )


def _row(fill: Fill, kind: EntryKind, amount: Decimal) -> VenueEntry:
    return VenueEntry(
        account=fill.account,
        entry_id=f"{fill.instrument}-{fill.trade_id}-{kind}",
        kind=kind,
        asset="USDT",
        amount=amount,
        ts=fill.ts,
        instrument=fill.instrument,
        reference=fill.trade_id,
    )
