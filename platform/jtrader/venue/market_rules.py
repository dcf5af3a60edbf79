"""How a market differs from its neighbours, beyond what it lists."""

from decimal import Decimal

import msgspec


class NativeFee(msgspec.Struct, frozen=True, kw_only=True):
    """Fees may be paid in the venue's own coin, with a discount (Binance: BNB, 25 % off on spot, 10 % on USDT-M)."""

    asset: str
    discount: Decimal


class MarketRules(msgspec.Struct, frozen=True, kw_only=True):
    post_only_cancels: bool = False
    """A post-only order that would take is accepted and cancelled (BitMEX, HTX) instead of refused."""
    conditionals_lock: bool = True
    """A waiting spot order holds back what it will pay (Binance) or nothing until it triggers (HTX)."""
    native_fee: NativeFee | None = None
    default_leverage: int = 20
    hedge: bool = False
    """New accounts start in hedge mode."""


PLAIN = MarketRules()
