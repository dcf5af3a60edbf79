"""Periodic settlements: at what prices the venue settled, and what that did to an account."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from jtrader.domain.times import DAY, to_millis
from jtrader.exchange.sim.duties import SETTLEMENTS
from jtrader.exchange.sim.huobi.call import Call
from jtrader.exchange.sim.huobi.names import FUTURE
from jtrader.exchange.sim.huobi.numbers import amount, words
from jtrader.exchange.sim.huobi.pages import numbers, slice_of
from jtrader.exchange.sim.huobi.words import side_word
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.position import entry_price, move, open_price
from jtrader.venue.records import Income, IncomeKind, Position

_REACH = 90 * DAY
_PERIOD = (IncomeKind.REALIZED_PNL, IncomeKind.COMMISSION, IncomeKind.FUNDING_FEE, IncomeKind.SETTLEMENT)


def instants(call: Call) -> list[int]:
    """Settlements that have passed, ascending: from `start_time` to `end_time`, of the last 90 days."""
    periodic = SETTLEMENTS[call.market]
    now = call.world.now
    start = max(call.millis("start_time") or 0, now - _REACH, call.world.market.first_minute + DAY)
    end = call.millis("end_time")
    first = start + (periodic.offset - start) % periodic.interval
    return list(range(first, min(now, now if end is None else end) + 1, periodic.interval))


def history_v5(call: Call) -> list[dict[str, Any]]:
    listing = call.listing()
    chosen = list(reversed(instants(call)))[: call.limit("limit", 10, 100)]
    return [
        {
            "id": str(at // SETTLEMENTS[call.market].interval),
            "contract_code": listing.symbol,
            "settlement_time": str(to_millis(at)),
            "clawback_ratio": "0",
            "settlement_price": words(_price(call, listing, at)),
        }
        for at in chosen
    ]


def history(call: Call) -> dict[str, Any]:
    """Pages, the newest first; dated contracts stand together under their coin."""
    past = list(reversed(instants(call)))
    rows = [_dated_row(call, at) if call.market == FUTURE else _swap_row(call, at) for at in slice_of(call, past)]
    return {**numbers(call, len(past)), "settlement_record": rows}


def _swap_row(call: Call, at: int) -> dict[str, Any]:
    listing = call.listing()
    return {"symbol": listing.instrument.base, **_settled_at(at), **_price_row(call, listing, at)}


def _dated_row(call: Call, at: int) -> dict[str, Any]:
    listings = call.listings()
    rows = [_price_row(call, listing, at) for listing in listings]
    return {"symbol": listings[0].instrument.base, **_settled_at(at), "list": rows}


def _settled_at(at: int) -> dict[str, Any]:
    return {"settlement_time": to_millis(at), "clawback_ratio": amount(0)}


def _price_row(call: Call, listing: Listing, at: int) -> dict[str, Any]:
    price = amount(_price(call, listing, at))
    return {"contract_code": listing.symbol, "settlement_price": price, "settlement_type": "settlement"}


def _price(call: Call, listing: Listing, at: int) -> int:
    return call.world.duties.settlement_price(listing.instrument, at)


def estimated_prices(call: Call) -> list[dict[str, Any]]:
    """What the average of the venue's last minutes would settle at now."""
    return [
        {
            "contract_code": listing.symbol,
            "estimated_settlement_price": amount(_price(call, listing, call.world.now)),
            "settlement_type": "settlement",
        }
        for listing in call.listings()
    ]


def of_account(call: Call) -> dict[str, Any]:
    """What each settlement since the world began did to the account: pages, the newest first."""
    past = [at for at in instants(call) if at > call.world.live_start]
    before = [call.world.live_start, *past]
    spans = list(pairwise(before))
    spans.reverse()
    rows = [_account_row(call, start, end) for start, end in slice_of(call, spans)]
    return {"settlement_records": rows, **numbers(call, len(spans))}


def _account_row(call: Call, start: int, end: int) -> dict[str, Any]:
    """One period, (start, end]."""
    account, listing = call.account, call.listing()
    symbols = {one.symbol for one in call.listings()}
    rows = [row for row in account.income if start < row.ts <= end and row.symbol in symbols]
    settled = [row for row in rows if row.kind is IncomeKind.SETTLEMENT]

    def total(chosen: Callable[[Income], bool]) -> Any:
        return amount(sum(row.amount for row in rows if chosen(row)))

    dated = call.market == FUTURE
    if dated:
        own = {"delivery_fee": total(lambda row: row.kind is IncomeKind.COMMISSION and row.trade_id is None)}
    else:
        own = {"funding_fee": total(lambda row: row.kind is IncomeKind.FUNDING_FEE)}
    return {
        "symbol": listing.instrument.base,
        **({} if dated else {"contract_code": listing.symbol}),
        "margin_balance_init": amount(_wallet(account, listing.settle, start)),
        "margin_balance": amount(_wallet(account, listing.settle, end)),
        "settlement_profit_real": total(lambda row: row.kind in _PERIOD),
        "settlement_time": to_millis(end),
        "clawback": amount(0),
        **own,
        "offset_profitloss": total(lambda row: row.kind is IncomeKind.REALIZED_PNL),
        "fee": total(lambda row: row.kind is IncomeKind.COMMISSION and row.trade_id is not None),
        "fee_asset": listing.settle,
        "positions": [_position_row(call, row) for row in settled],
    }


def _wallet(account: Account, coin: str, at: int) -> int:
    """The wallet after all rows up to an instant: with nothing unrealised it is the equity."""
    moved = sum(row.amount for row in account.income if row.asset == coin and row.ts <= at)
    return account.opening.get(coin, 0) + moved


def _position_row(call: Call, row: Income) -> dict[str, Any]:
    """What was held when it was settled: before, at the price it had until then."""
    listing = call.venue.listings[row.symbol]
    worth = listing.worth(row.lots, row.price, row.ts)
    before = Position(lots=row.lots, cost=worth - row.amount)
    return {
        "symbol": listing.instrument.base,
        "contract_code": row.symbol,
        "direction": side_word(1 if row.lots > 0 else -1),
        "volume": abs(row.lots),
        "cost_open": amount(_open_price(call.account, listing, row)),
        "cost_hold_pre": amount(entry_price(before, listing)),
        "cost_hold": amount(row.price),
        "settlement_profit_unreal": amount(row.amount),
        "settlement_price": amount(row.price),
        "settlement_type": "settlement",
    }


def _open_price(account: Account, listing: Listing, row: Income) -> int:
    """What the position of then had been entered for, from the trades before."""
    held = Position()
    for trade in account.trades:
        if trade.symbol == row.symbol and trade.leg is row.leg and trade.ts <= row.ts:
            moved = move(held, listing, trade.side * trade.lots, trade.price, trade.ts)
            held = Position(lots=moved.lots, cost=moved.cost, open_cost=moved.open_cost)
    return open_price(held, listing)
