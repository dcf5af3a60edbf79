"""What a version's tags say: who may serve it, and where it comes from."""

from collections.abc import Mapping

from jtrader.domain.signal import ModelRef
from jtrader.registry.errors import NotServable, TamperedArtifact

CHALLENGER, CHAMPION, PREVIOUS = "challenger", "champion", "previous"

PASSED, REFUSED = "passed", "refused"
ALL_BROKERS = ("sim", "paper", "live")
OVERRIDE_BROKERS = ("sim", "paper")

_REQUIRED = ("artifact_hash", "data_manifest", "commit", "features", "flavor")


def split_list(text: str) -> tuple[str, ...]:
    """`a, b` → ("a", "b"); empty → ()."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def allowed_brokers(name: str, version: str, tags: Mapping[str, str]) -> tuple[str, ...]:
    """The brokers the version may drive. An override never reaches live, whatever the tag says.

    Raises NotServable for a version without a passed gate and without a named override.
    """
    tagged = split_list(tags.get("allowed_brokers", ""))
    if tags.get("gate") == PASSED:
        return tuple(broker for broker in ALL_BROKERS if broker in tagged)
    if tags.get("override_by", "").strip() and tags.get("override_reason", "").strip():
        return tuple(broker for broker in OVERRIDE_BROKERS if broker in tagged)
    reasons = tags.get("gate_reasons") or "no gate decision is recorded"
    raise NotServable(
        f"{name} version {version} may not be served: {reasons}. Promote another version, or override for sim and "
        f"paper accounts: jtrader promote {name} --version {version} --override-reason … --override-by …"
    )


def reference(name: str, version: str, tags: Mapping[str, str]) -> ModelRef:
    """Lineage of a servable version. Raises NotServable; TamperedArtifact where lineage tags are missing."""
    missing = [tag for tag in _REQUIRED if not tags.get(tag)]
    if missing:
        raise TamperedArtifact(f"{name} version {version} lacks the tags {', '.join(missing)}: register it by training")
    return ModelRef(
        name=name,
        version=version,
        artifact_hash=tags["artifact_hash"],
        data_manifest=tags["data_manifest"],
        commit=tags["commit"],
        allowed_brokers=allowed_brokers(name, version, tags),
    )
