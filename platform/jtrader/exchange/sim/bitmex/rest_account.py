"""Wallets, margin, positions and the settings of an account."""

from typing import Any

from jtrader.exchange.sim.bitmex.account_rows import account_number, margin_row, position_row, wallet_row
from jtrader.exchange.sim.bitmex.call import Call
from jtrader.exchange.sim.bitmex.errors import BitmexError, invalid, missing
from jtrader.exchange.sim.bitmex.order_words import matches
from jtrader.exchange.sim.bitmex.wallet_history import wallet_history
from jtrader.exchange.sim.bitmex.words import asset_of, atoms_of, number, row_id, stamp, units, wallet_word, wallets
from jtrader.venue.refusals import Refused, Why

MOST_ROWS = 10_000


def user(call: Call) -> dict[str, Any]:
    return {"id": account_number(call.account), "username": call.account.name, "email": "", "typ": "individual"}


def margin(call: Call) -> Any:
    """One currency, XBt unless another is named, or all as a list."""
    rows = [margin_row(call.world, call.account, asset) for asset in _assets(call)]
    return rows if call.maybe("currency") == "all" else rows[0]


def wallet(call: Call) -> Any:
    rows = [wallet_row(call.world, call.account, asset) for asset in _assets(call)]
    return rows if call.maybe("currency") == "all" else rows[0]


def history(call: Call) -> list[dict[str, Any]]:
    """Newest first; times can't be asked for, only `start` and `count`."""
    found = [row for asset in _assets(call) for row in wallet_history(call.world, call.account, asset)]
    found.sort(key=lambda row: (row["transactTime"] is None, str(row["transactTime"])))
    count, first = call.integer("count") or 100, call.integer("start") or 0
    if not 1 <= count <= MOST_ROWS:
        raise invalid("count")
    ordered = found[::-1] if call.flag("reverse", usual=True) else found
    return ordered[first : first + count]


def positions(call: Call) -> list[dict[str, Any]]:
    """Of every symbol that was ever touched."""
    touched = set(call.account.positions) | set(call.account.leverage) | set(call.account.modes.isolated)
    found = [
        position_row(call.world, call.account, listing)
        for listing in call.venue.listings.values()
        if listing.symbol in touched
    ]
    wanted = call.filter()
    count = call.integer("count") or len(found)
    return call.picked([row for row in found if matches(row, wanted)][:count])


def set_leverage(call: Call) -> dict[str, Any]:
    """0 means cross margin; anything else isolates the position."""
    listing, leverage = call.listing(), call.decimal("leverage")
    if leverage is None:
        raise missing("leverage")
    if leverage < 0 or leverage > listing.max_leverage or leverage != int(leverage):
        raise BitmexError("Invalid leverage")
    _isolate(call, listing.symbol, leverage > 0)
    if leverage:
        call.venue.set_leverage(call.account, listing.symbol, int(leverage), call.world.now)
    return position_row(call.world, call.account, listing)


def isolate(call: Call) -> dict[str, Any]:
    listing = call.listing()
    _isolate(call, listing.symbol, call.flag("enabled", usual=True))
    return position_row(call.world, call.account, listing)


def _isolate(call: Call, symbol: str, isolated: bool) -> None:
    try:
        call.venue.modes.set_isolated(call.account, symbol, isolated, call.world.now)
    except Refused as refused:
        if refused.why is not Why.MODE_UNCHANGED:
            raise


def set_risk_limit(call: Call) -> dict[str, Any]:
    listing, limit = call.listing(), call.integer("riskLimit")
    if limit is None or limit <= 0:
        raise missing("riskLimit")
    call.desk.risk_limits[(call.account.name, listing.symbol)] = limit
    return position_row(call.world, call.account, listing) | {"riskLimit": limit}


def commission(call: Call) -> dict[str, Any]:
    return {
        listing.symbol: {
            "makerFee": number(str(listing.instrument.maker_fee)),
            "takerFee": number(str(listing.instrument.taker_fee)),
            "settlementFee": number(str(listing.delivery_fee)),
            "maxFee": number(str(listing.instrument.taker_fee)),
        }
        for listing in call.venue.listings.values()
    }


def margining_mode(call: Call) -> dict[str, Any]:
    return {"account": account_number(call.account), "marginingMode": None}


def deposit_address(call: Call) -> str:
    word = call.text("currency")
    if asset_of(word) is None:
        raise invalid("currency")
    return f"sim-{word.lower()}-{account_number(call.account)}"


def withdraw(call: Call) -> dict[str, Any]:
    """`amount` in the smallest unit arrives at the address; the network's fee goes on top."""
    word, amount = call.text("currency"), call.integer("amount")
    asset = asset_of(word)
    if asset is None:
        raise invalid("currency")
    if amount is None or amount <= 0:
        raise invalid("amount")
    fee = call.integer("fee") or 0
    row = call.venue.withdraw(
        call.account, asset, atoms_of(amount, asset), call.world.now, atoms_of(fee, asset), call.text("address")
    )
    return {
        "transactID": row_id(row.id),
        "account": account_number(call.account),
        "currency": wallet_word(asset),
        "network": call.maybe("network") or "",
        "transactType": "Withdrawal",
        "amount": units(row.amount, asset),
        "fee": fee,
        "transactStatus": "Completed",
        "address": row.reference,
        "tx": "",
        "text": "",
        "transactTime": stamp(row.ts),
        "timestamp": stamp(row.ts),
    }


def _assets(call: Call) -> list[str]:
    word = call.maybe("currency") or "XBt"
    found = [asset_of(one) for one in (wallets() if word == "all" else (word,))]
    if None in found:
        raise invalid("currency")
    return [asset for asset in found if asset is not None]
