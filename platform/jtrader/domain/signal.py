"""What a model said, and on what: the link from a fill back to data and code."""

import msgspec

from jtrader.domain.ids import InstrumentId, SignalId, StrategyId


class ModelRef(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly which model: registry name and version, hash of its artifact, the data it learnt from and the code."""

    name: str
    version: str
    artifact_hash: str
    data_manifest: str
    commit: str
    allowed_brokers: tuple[str, ...] = ("sim", "paper", "live")


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One prediction at one candle close. `features` by name as the model saw them (all finite)."""

    signal_id: SignalId
    strategy: StrategyId
    instrument: InstrumentId
    ts: int
    prediction: float
    features: dict[str, float]
    model: ModelRef
