"""What a retraining did, and how it is told to people."""

import msgspec

from jtrader.domain.times import iso
from jtrader.learn.record import Recorded
from jtrader.ports.learning import Manifest

SHOWN = ("auc", "log_loss", "calibration_error", "net_return", "t_stat", "max_drawdown", "trades", "rows")
HOW = """Approve moves `champion` to the versions whose gate passed. A refused version can go onto `sim` and `paper`
accounts only, and only with your name and your reason below."""


class TrainingResult(msgspec.Struct, frozen=True, kw_only=True):
    manifest: Manifest
    models: tuple[Recorded, ...]
    mlflow_uri: str
    seconds: dict[str, float]

    def link(self, model: Recorded) -> str:
        return f"{self.mlflow_uri}/#/models/{model.name}/versions/{model.version}"


def summary(result: TrainingResult) -> str:
    """One line of what changed, with a link."""
    made = ", ".join(
        f"{model.name} v{model.version} ({'new' if model.run_id else 'there before'}, gate {model.gate})"
        for model in result.models
    )
    manifest = result.manifest
    return (
        f"{manifest.rows:,} feature rows {iso(manifest.start)} to {iso(manifest.end)} (manifest {manifest.hash[:12]}); "
        f"{made}; see {result.link(result.models[-1])}"
    )


def approval_text(result: TrainingResult) -> str:
    """What a person reads before approving: figures out of sample, the gate's verdict, where to look (Markdown)."""
    lines = ["| | " + " | ".join(model.name for model in result.models) + " |"]
    lines.append("|---|" + "---:|" * len(result.models))
    lines += [
        f"| {name} | " + " | ".join(f"{model.metrics.get(name, float('nan')):.5g}" for model in result.models) + " |"
        for name in SHOWN
    ]
    for model in result.models:
        verdict = f"**{model.name} version {model.version}: gate {model.gate}**: {model.reasons}."
        lines += ["", f"{verdict} [Plots, lineage, files]({result.link(model)})"]
    manifest = result.manifest
    span = f"{iso(manifest.start)} to {iso(manifest.end)}"
    source = f"manifest `{manifest.hash[:16]}`, commit `{manifest.commit[:12]}`"
    lines += ["", f"Data: {', '.join(manifest.instruments)}, {span}, {source}.", "", HOW]
    return "\n".join(lines)
