"""What the registry can answer besides Unavailable."""

from jtrader.domain.errors import BadInput, Broken


class NotServable(Broken):
    """The version has neither passed its gate nor been overridden by a named person: nobody may trade on it."""


class TamperedArtifact(Broken):
    """The model's file or its feature list is not what was registered."""


class UnknownVersion(BadInput):
    """The registry has no such model or version."""
