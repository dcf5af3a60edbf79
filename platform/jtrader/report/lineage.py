"""Why a fill happened: fill → order → intent → signal → model version → data manifest → commit."""

from collections.abc import Mapping
from typing import Any

import msgspec

from jtrader.domain.times import iso


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """The chain behind one fill; None where it ends: a rule has no signal, a fill of others has no order."""

    ts: int
    account: str
    instrument: str
    trade_id: str
    order: str | None = None
    intent: str | None = None
    strategy: str | None = None
    reason: str | None = None
    signal: str | None = None
    prediction: float | None = None
    features: dict[str, float] | None = None
    model: str | None = None
    model_version: str | None = None
    artifact_hash: str | None = None
    data_manifest: str | None = None
    commit: str | None = None

    @property
    def fill(self) -> str:
        return f"{self.instrument}#{self.trade_id}"

    @property
    def is_complete(self) -> bool:
        """It leads from the fill to a model, its data and its code."""
        links = (self.order, self.intent, self.signal, self.model_version, self.data_manifest, self.commit)
        return all(links)

    def figures(self) -> dict[str, str | None]:
        """The links alone, from the fill to the code."""
        return {
            "fill": self.fill,
            "order": self.order,
            "signal": self.signal,
            "model_version": self.model_version,
            "data_manifest": self.data_manifest,
            "commit": self.commit,
        }

    def story(self) -> list[str]:
        """One sentence a link, from what happened back to where it came from."""
        told = [f"Trade {self.fill} of account {self.account} at {iso(self.ts)}."]
        if self.order is None:
            return [*told, "It belongs to no order of ours: somebody traded at the venue; it is booked to UNASSIGNED."]
        told.append(f"It filled our order {self.order} of intent {self.intent}, strategy {self.strategy}.")
        told.append(f"The strategy's reason: {self.reason or 'none given'}.")
        if self.signal is None:
            return [*told, "It decided by its rule: no model was asked."]
        said = "nothing" if self.prediction is None else f"{self.prediction:.6g}"
        told.append(f"Signal {self.signal}: model {self.model} version {self.model_version} said {said}.")
        if self.features:
            seen = ", ".join(f"{name} {value:.6g}" for name, value in sorted(self.features.items()))
            told.append(f"It saw {seen}.")
        told.append(f"The model's artifact is {self.artifact_hash}, it learnt from data {self.data_manifest}.")
        return [*told, f"Data and model were made by commit {self.commit}."]


def lineage_of(row: Mapping[str, Any]) -> Lineage:
    """From a row of the view v_lineage, with the signal's features."""
    names = {
        "ts": "ts_ns",
        "order": "client_order_id",
        "intent": "parent_id",
        "signal": "signal_id",
        "model": "model_name",
    }
    return msgspec.convert({name: row[names.get(name, name)] for name in Lineage.__struct_fields__}, Lineage)
