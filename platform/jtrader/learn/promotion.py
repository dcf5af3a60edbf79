"""Moving `champion`: only to a version whose gate passed, or with a named override that never reaches live."""

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.ports.learning import ModelStore

CHALLENGER, CHAMPION, PREVIOUS = "challenger", "champion", "previous"
OVERRIDE_BROKERS = "sim,paper"
PASSED = "passed"


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """Who lets a refused version onto sim and paper accounts, and why."""

    by: str
    reason: str

    def __post_init__(self) -> None:
        if not (self.by.strip() and self.reason.strip()):
            raise BadInput("an override needs both a name (override_by) and a reason (override_reason)")


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """`previous` is the version that was champion before (None = there was none). `changed` is False where the version
    was champion already."""

    name: str
    version: str
    previous: str | None
    changed: bool
    gate: str
    allowed_brokers: str
    override_by: str = ""


def promote(store: ModelStore, name: str, version: str | None = None, override: Override | None = None) -> Promotion:
    """Makes `version` (default: the challenger) the champion and the old champion `previous`. Safe to repeat.

    An override that the version carries already counts on. Raises BadInput for an unknown or unpassed version, and for
    an override of a version that needs none; Unavailable.
    """
    wanted = version or store.version(name, CHALLENGER)
    if wanted is None:
        raise BadInput(f"model '{name}' has no challenger: train one with 'jtrader train', or name a --version")
    tags = dict(store.tags(name, wanted))
    gate = tags.get("gate", "")
    if gate != PASSED:
        tags |= _override(store, name, wanted, tags, override)
    elif override is not None:
        raise BadInput(f"{name} version {wanted} passed its gate: promote it without an override")
    champion = store.version(name, CHAMPION)
    if champion is not None and champion != wanted:
        store.set_alias(name, PREVIOUS, champion)
    if champion != wanted:
        store.set_alias(name, CHAMPION, wanted)
    return Promotion(
        name=name,
        version=wanted,
        previous=store.version(name, PREVIOUS),
        changed=champion != wanted,
        gate=gate,
        allowed_brokers=tags.get("allowed_brokers", ""),
        override_by=tags.get("override_by", ""),
    )


def _override(
    store: ModelStore, name: str, version: str, tags: dict[str, str], override: Override | None
) -> dict[str, str]:
    if override is None and tags.get("override_by") and tags.get("override_reason"):
        return {"allowed_brokers": OVERRIDE_BROKERS}
    if override is None:
        reasons = tags.get("gate_reasons") or "no gate decision is recorded"
        raise BadInput(
            f"{name} version {version} did not pass its gate ({reasons}). An override with a name and a reason lets it "
            "onto sim and paper accounts only"
        )
    added = {
        "override_by": override.by.strip(),
        "override_reason": override.reason.strip(),
        "allowed_brokers": OVERRIDE_BROKERS,
    }
    store.set_tags(name, version, added)
    return added
