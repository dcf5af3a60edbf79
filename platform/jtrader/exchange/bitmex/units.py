"""BitMEX's currencies: XBt counts satoshi, USDt millionths, Gwei billionths; we name coins as everybody does."""

from decimal import Decimal

from jtrader.domain.errors import BadInput
from jtrader.domain.money import amount

_ASSETS = {"XBt": "BTC", "XBT": "BTC", "USDt": "USDT", "Gwei": "ETH", "GWEI": "ETH"}
_UNITS = {"XBt": Decimal("1e-8"), "XBT": Decimal("1e-8"), "USDt": Decimal("1e-6"), "Gwei": Decimal("1e-9")}
"""What one smallest unit of a wallet is worth in its coin; rows that say XBT count satoshi all the same."""


def asset_of(word: str) -> str:
    """`XBt` and `XBT` → `BTC`, `USDt` → `USDT`; other coins keep their name."""
    return _ASSETS.get(word, word)


def unit_of(wallet: str) -> Decimal:
    """Raises BadInput for a wallet whose unit isn't known: amounts are never guessed."""
    unit = _UNITS.get(wallet)
    if unit is None:
        raise BadInput(f"the smallest unit of BitMEX's '{wallet}' is not known; known are {', '.join(_UNITS)}")
    return unit


def in_coins(smallest: str | int, wallet: str) -> Decimal:
    """An amount of smallest units as coins, exact."""
    return amount(smallest) * unit_of(wallet)
