"""The calibration of every instrument: what was measured, and what is derived from it for the others.

A derived instrument trades a share of its measured relative's volume, with orders and requotes as that share of its
rates to the power of 0.7 and depth to the power of 0.5: a thinner market has smaller orders and a flatter book. The
share of COIN-M is measured (2024-08-08); the others are set so that a venue's instruments differ. All instruments of a
base share one underlying; `basis_mean_bp` is where a venue's perpetual stands to it, `carry_bp_per_year` the rate at
which a dated contract's distance to it shrinks to zero at expiry.
"""

import zlib
from functools import cache

import msgspec

from jtrader.domain.ids import InstrumentId, instrument_id
from jtrader.domain.instrument import Instrument, Product
from jtrader.exchange.sim.market.calibration import (
    BASES,
    INSTRUMENTS,
    LEADER,
    BaseCalibration,
    InstrumentCalibration,
)

_BTC, _ETH = (instrument_id("binance_usdm", f"{base}USDT") for base in ("BTC", "ETH"))
_BTC_SPOT, _ETH_SPOT = (instrument_id("binance_spot", f"{base}USDT") for base in ("BTC", "ETH"))

_RELATIVES: dict[str, tuple[InstrumentId, float, float, float]] = {
    # measured relative, share of its volume, basis in bp, carry in bp a year
    "binance_coinm:BTCUSD_PERP": (_BTC, 0.056, -3.6, 0.0),
    "binance_coinm:ETHUSD_PERP": (_ETH, 0.10, -3.5, 0.0),
    "binance_coinm:BTCUSD_261225": (_BTC, 0.01, 0.0, 600.0),
    "bitmex:XBTUSD": (_BTC, 0.03, -1.8, 0.0),
    "bitmex:XBTUSDT": (_BTC, 0.01, -2.6, 0.0),
    "bitmex:ETHUSD": (_ETH, 0.01, -2.2, 0.0),
    "bitmex:XBTZ26": (_BTC, 0.005, 0.0, 650.0),
    "huobi_spot:btcusdt": (_BTC_SPOT, 0.25, 0.4, 0.0),
    "huobi_spot:ethusdt": (_ETH_SPOT, 0.25, 0.5, 0.0),
    "huobi_linear:BTC-USDT": (_BTC, 0.08, -4.9, 0.0),
    "huobi_linear:ETH-USDT": (_ETH, 0.08, -5.2, 0.0),
    "huobi_swap:BTC-USD": (_BTC, 0.02, -2.9, 0.0),
    "huobi_swap:ETH-USD": (_ETH, 0.02, -3.1, 0.0),
    "huobi_future:BTC261225": (_BTC, 0.008, 0.0, 550.0),
}
_SYNTHETIC_SHARE = 0.2
_SYNTHETIC_TURNOVER = 500_000.0
"""Quote currency a minute of a synthetic instrument, before its own factor."""


@cache
def base_figures(base: str) -> BaseCalibration:
    """Measured, or for a synthetic base: a follower of the leader with a price, volatility and beta of its own."""
    if base in BASES:
        return BASES[base]
    own = _unit(base)
    return msgspec.structs.replace(
        BASES["ETH"],
        start_price=round(10.0 ** (0.5 + 2.0 * _unit(f"{base}/price")), 2),
        own_vol_bp=7.0 + 6.0 * own,
        beta=0.8 + 0.9 * _unit(f"{base}/beta"),
    )


@cache
def instrument_figures(instrument: InstrumentId, base: str) -> InstrumentCalibration:
    """Measured, derived, or synthetic."""
    if instrument in INSTRUMENTS:
        return INSTRUMENTS[instrument]
    if instrument in _RELATIVES:
        relative, share, basis, carry = _RELATIVES[instrument]
        return msgspec.structs.replace(
            _thinned(INSTRUMENTS[relative], share), basis_mean_bp=basis, carry_bp_per_year=carry
        )
    measured = _thinned(INSTRUMENTS[_ETH], _SYNTHETIC_SHARE)
    volume = _SYNTHETIC_TURNOVER * (0.5 + _unit(f"{instrument}/volume")) / base_figures(base).start_price
    scale = volume / measured.minute_volume
    depth = tuple((distance, amount * scale) for distance, amount in measured.depth)
    return msgspec.structs.replace(measured, base=base, minute_volume=volume, depth=depth)


def lot_in_base(instrument: Instrument) -> float:
    """Base units that one lot stands for, at the base's usual price where that depends on it."""
    order_units = float(instrument.quantity_step * instrument.contract_value)
    if instrument.product is Product.INVERSE:
        return order_units / base_figures(instrument.base).start_price
    if instrument.product is Product.QUANTO:
        return order_units * base_figures(LEADER).start_price
    return order_units


def _thinned(measured: InstrumentCalibration, share: float) -> InstrumentCalibration:
    rates, depth = share**0.7, share**0.5
    return msgspec.structs.replace(
        measured,
        minute_volume=measured.minute_volume * share,
        orders_per_second=measured.orders_per_second * rates,
        requotes_per_second=measured.requotes_per_second * rates,
        depth=tuple((distance, amount * depth) for distance, amount in measured.depth),
    )


def _unit(name: str) -> float:
    """A number in [0, 1) that belongs to a name."""
    return zlib.crc32(name.encode()) / 2**32
