"""Payoff arithmetic: notional, P&L and funding of spot, linear, inverse and quanto contracts. A leaf module.

Formulas: spec of P&L accounting (Binance futures guide; BitMEX inverse and quanto guides). Quantities are signed order
units (+ long), `value` is the contract value, prices in quote. Results are exact Decimals in the settle asset,
unrounded; a division happens only for inverse contracts.
"""

from decimal import Decimal

from jtrader.domain.instrument import Product


def notional(product: Product, quantity: Decimal, value: Decimal, price: Decimal) -> Decimal:
    """|q|·m·P in quote (spot, linear), |q|·m/P in base (inverse), |q|·k·P in settle (quanto)."""
    if product is Product.INVERSE:
        return abs(quantity) * value / price
    return abs(quantity) * value * price


def profit(product: Product, quantity: Decimal, value: Decimal, entry: Decimal, exit_: Decimal) -> Decimal:
    """P&L of `quantity` held from `entry` to `exit_`: q·m·(X − E), inverse q·m·(1/E − 1/X)."""
    if product is Product.INVERSE:
        return quantity * value * (1 / entry - 1 / exit_)
    return quantity * value * (exit_ - entry)


def funding(product: Product, quantity: Decimal, value: Decimal, mark: Decimal, rate: Decimal) -> Decimal:
    """What the holder receives at the funding instant: −q·m·M·F, inverse −q·(m/M)·F; F > 0 means longs pay."""
    if product is Product.INVERSE:
        return -quantity * value / mark * rate
    return -quantity * value * mark * rate


def worth(product: Product, quantity: Decimal, value: Decimal, price: Decimal) -> Decimal:
    """Signed worth of a position in the settle asset: q·m·P, inverse −q·m/P. P&L is worth now − worth at entry."""
    if product is Product.INVERSE:
        return -quantity * value / price
    return quantity * value * price
