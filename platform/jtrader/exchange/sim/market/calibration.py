"""The numbers that make the generated market resemble the measured one.

Measured on Binance: one-minute candles of BTCUSDT and ETHUSDT, perpetuals 2025-05-04 to 06-03 and spot 2025-05-20 to
06-18; trades and books of 2024-08-08; funding 2025-03-06 to 06-03. What was fitted is the weights of the hidden
states; tests/unit/exchange/sim/market holds the measured figures with the tolerance that the generator keeps.
"""

import msgspec

from jtrader.domain.ids import InstrumentId, instrument_id

DEMO_PREDICTABILITY = 0.06
"""What the demo's market is made with: enough for a momentum model to earn after taker fees. Real markets: near 0."""

FLOW_MEMORY_MINUTES = 40.0
"""Time constant of the order-flow state."""

RANGE_SHRINK = 0.75
"""A minute's measured high − low against that of a Brownian bridge with the same variance."""


class BaseCalibration(msgspec.Struct, frozen=True, kw_only=True):
    """One underlying. Log-volatility parts map a time constant in minutes to a standard deviation."""

    start_price: float
    """In quote currency at the start of the live window, when history is generated."""
    own_vol_bp: float
    """Standard deviation of the one-minute return that is not shared with the leader."""
    beta: float = 0.0
    """On the leader's return."""
    shared_log_vol: float = 0.0
    """Weight of the leader's log-volatility in this one's."""
    log_vol: dict[float, float]
    white_log_vol: float
    """Log-volatility that lasts one minute only: fat tails."""
    hour_vol: tuple[float, ...]
    """Volatility by UTC hour against the day's."""
    hour_volume: tuple[float, ...]


class InstrumentCalibration(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of an underlying: how much is traded, how its book looks, where it stands to the spot price."""

    base: str
    minute_volume: float
    """Median, in base units."""
    volume_on_log_vol: float
    volume_on_move: float
    volume_parts: dict[float, float]
    basis_mean_bp: float = 0.0
    carry_bp_per_year: float = 0.0
    """Of a dated contract: its usual distance to the underlying for each year up to its expiry."""
    basis_parts: dict[float, float]
    """Deviation from the underlying's path in bp, by time constant."""
    orders_per_second: float
    """Taker orders: trades of one side in the same ms, merged."""
    requotes_per_second: float
    """Changes of the mid."""
    depth: tuple[tuple[float, float], ...]
    """(distance in bp, base units resting up to it on one side). ETH's follows its measured best quotes."""
    funding_mean_bp: float = 0.0
    funding_std_bp: float = 0.0


LEADER = "BTC"

BASES: dict[str, BaseCalibration] = {
    "BTC": BaseCalibration(
        start_price=105_000.0,
        own_vol_bp=5.2,
        log_vol={4.0: 0.16, 47.0: 0.38, 2000.0: 0.21},
        white_log_vol=0.25,
        hour_vol=(
            1.15, 1.18, 0.96, 0.843, 0.807, 0.701, 0.746, 0.954, 0.877, 0.832, 0.748, 0.783,
            0.98, 1.26, 1.39, 1.27, 1.15, 1.14, 1.14, 0.996, 0.923, 1.02, 1.04, 1.12,
        ),
        hour_volume=(
            1.05, 1.11, 0.903, 0.755, 0.733, 0.572, 0.67, 0.999, 0.92, 0.847, 0.715, 0.802,
            1.02, 1.5, 1.85, 1.61, 1.33, 1.31, 1.07, 0.891, 0.731, 0.568, 0.937, 1.11,
        ),
    ),
    "ETH": BaseCalibration(
        start_price=2_600.0,
        own_vol_bp=7.6,
        beta=1.5,
        shared_log_vol=0.7,
        log_vol={4.0: 0.12, 47.0: 0.28, 2000.0: 0.15},
        white_log_vol=0.45,
        hour_vol=(
            1.23, 1.13, 0.999, 0.859, 0.772, 0.682, 0.792, 1.21, 1.16, 0.973, 0.788, 0.864,
            0.994, 1.14, 1.2, 1.08, 1.0, 1.1, 1.08, 0.994, 1.13, 0.9, 0.951, 0.968,
        ),
        hour_volume=(
            1.15, 1.04, 1.05, 0.807, 0.678, 0.619, 0.797, 1.27, 1.23, 0.985, 0.792, 0.938,
            1.02, 1.37, 1.51, 1.21, 1.15, 1.32, 1.1, 0.904, 0.828, 0.59, 0.811, 0.841,
        ),
    ),
}  # fmt: skip

# BTC's measured depth times 0.3: it was measured when a minute traded 3.3 times the volume of an average one.
_BTC_PERP_DEPTH = ((1.0, 2.2), (2.0, 4.3), (5.0, 16.0), (10.0, 43.0), (25.0, 150.0))
_BTC_SPOT_DEPTH = ((1.0, 1.3), (2.0, 2.1), (5.0, 7.0), (10.0, 14.0), (25.0, 30.0))

INSTRUMENTS: dict[InstrumentId, InstrumentCalibration] = {
    instrument_id("binance_usdm", "BTCUSDT"): InstrumentCalibration(
        base="BTC",
        minute_volume=70.0,
        volume_on_log_vol=1.25,
        volume_on_move=0.5,
        volume_parts={0.0: 0.15, 6.0: 0.35, 100.0: 0.40, 2000.0: 0.35},
        basis_mean_bp=-4.3,
        basis_parts={0.0: 0.35, 3.0: 0.25, 60.0: 0.55},
        orders_per_second=15.83,
        requotes_per_second=5.88,
        depth=_BTC_PERP_DEPTH,
        funding_mean_bp=0.40,
        funding_std_bp=0.44,
    ),
    instrument_id("binance_usdm", "ETHUSDT"): InstrumentCalibration(
        base="ETH",
        minute_volume=2_700.0,
        volume_on_log_vol=1.25,
        volume_on_move=0.5,
        volume_parts={0.0: 0.15, 6.0: 0.35, 100.0: 0.40, 2000.0: 0.35},
        basis_mean_bp=-4.2,
        basis_parts={0.0: 0.40, 60.0: 0.3, 600.0: 0.72},
        orders_per_second=10.23,
        requotes_per_second=6.90,
        depth=((1.0, 115.0), (2.0, 230.0), (5.0, 860.0), (10.0, 2_300.0), (25.0, 8_000.0)),
        funding_mean_bp=0.36,
        funding_std_bp=0.50,
    ),
    instrument_id("binance_spot", "BTCUSDT"): InstrumentCalibration(
        base="BTC",
        minute_volume=6.8,
        volume_on_log_vol=1.25,
        volume_on_move=0.5,
        volume_parts={0.0: 0.40, 6.0: 0.38, 100.0: 0.42, 2000.0: 0.35},
        basis_parts={0.0: 0.35},
        orders_per_second=10.97,
        requotes_per_second=3.0,
        depth=_BTC_SPOT_DEPTH,
    ),
    instrument_id("binance_spot", "ETHUSDT"): InstrumentCalibration(
        base="ETH",
        minute_volume=240.0,
        volume_on_log_vol=1.25,
        volume_on_move=0.5,
        volume_parts={0.0: 0.30, 6.0: 0.38, 100.0: 0.42, 2000.0: 0.35},
        basis_parts={0.0: 0.40},
        orders_per_second=7.63,
        requotes_per_second=3.0,
        depth=((1.0, 80.0), (2.0, 130.0), (5.0, 450.0), (10.0, 900.0), (25.0, 2_000.0)),
    ),
}
