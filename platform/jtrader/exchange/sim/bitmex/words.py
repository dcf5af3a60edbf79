"""BitMEX's spellings: currencies and their smallest units, numbers, times, ids."""

import zlib

from jtrader.domain.times import MILLISECOND, iso, parse_time
from jtrader.venue.units import ATOM, divide

MARKET = "bitmex"

_WALLET = {"BTC": "XBt", "USDT": "USDt"}
"""What accounts settle in, as wallets are called; amounts are whole numbers of these."""
_ASSET = {word: asset for asset, word in _WALLET.items()}
_UNIT = {"XBt": 1, "USDt": 100}
"""Atoms of 1e-8 that one smallest unit has."""
_COIN = {"BTC": "XBT"}


def wallet_word(asset: str) -> str:
    """`BTC` → `XBt`, `USDT` → `USDt`."""
    return _WALLET.get(asset, asset)


def asset_of(word: str) -> str | None:
    """`XBt` → `BTC`; None for what is no wallet."""
    return _ASSET.get(word)


def wallets() -> tuple[str, ...]:
    return tuple(_ASSET)


def coin_word(asset: str) -> str:
    """As the parts of a pair are called: `BTC` → `XBT`."""
    return _COIN.get(asset, asset)


def units(atoms: int, asset: str) -> int:
    """Atoms in the wallet's smallest units, half to even where a unit is larger than an atom."""
    return divide(atoms, _UNIT.get(wallet_word(asset), 1))


def atoms_of(amount: int, asset: str) -> int:
    """The other way round."""
    return amount * _UNIT.get(wallet_word(asset), 1)


def number(text: str) -> int | float:
    """An exact decimal text as the JSON number of the same digits."""
    value = float(text)
    return int(text.partition(".")[0]) if value.is_integer() else value


def quantity(atoms: int) -> int | float:
    """Atoms of anything as a plain number."""
    whole, rest = divmod(atoms, ATOM)
    return whole if not rest else atoms / ATOM


def stamp(ts: int) -> str:
    """`2026-01-15T15:30:00.250Z`: always three decimals."""
    text = iso(ts)
    return text if "." in text else text.removesuffix("Z") + ".000Z"


def moment(text: str) -> int:
    """ISO 8601, with or without a zone (then UTC), to the millisecond. Raises BadInput."""
    has_zone = text.endswith("Z") or "+" in text[10:] or "-" in text[10:]
    return parse_time(text if has_zone or len(text) == len("2026-01-15") else text + "Z") // MILLISECOND * MILLISECOND


def trade_id(symbol: str, number: int) -> str:
    """A match of a symbol: `trdMatchID`."""
    return f"{zlib.crc32(symbol.encode()):08x}-006d-1000-0000-{number:012x}"


def order_id(number: int) -> str:
    return f"00000000-006d-2000-0000-{number:012x}"


def order_number(text: str) -> int | None:
    """None for what is no id of ours."""
    head, _, tail = text.rpartition("-")
    if head != "00000000-006d-2000-0000" or len(tail) != 12:
        return None
    try:
        return int(tail, 16)
    except ValueError:
        return None


def row_id(number: int) -> str:
    """A row of the ledger: `transactID`, or `execID` where an execution is no trade."""
    return f"00000000-006d-3000-0000-{number:012x}"


def exec_id(symbol: str, account: int, number: int, is_maker: bool) -> str:
    """An account's side of a match; both may be its own."""
    return f"{zlib.crc32(symbol.encode()):08x}-006d-400{int(is_maker)}-{account:04x}-{number:012x}"


def change_id(order: int, kind: str, ts: int) -> str:
    """A change of an order that was no trade: `execID`."""
    return f"{order % 16**8:08x}-006d-6000-{zlib.crc32(kind.encode()) % 16**4:04x}-{ts % 16**12:012x}"
