"""Puts the desk's dashboards into Metabase: `python -m jtrader.app.jobs.dashboards`. Running it again changes nothing.

`metabase_uri` in the settings says where. `<home>/secrets/metabase.json` (mode 600) holds {"email", "password",
"database_uri"}: the administrator's, made at the first run, and the desk's database as Metabase reaches it, with the
role analyst.
"""

import logging
import stat
import sys
from pathlib import Path

import msgspec

from jtrader.app.settings import Settings, load_settings
from jtrader.domain.errors import BadInput, JtraderError
from jtrader.ops.metabase.client import Metabase
from jtrader.ops.metabase.provision import Changes, provision
from jtrader.report.dashboards import load

FORM = '{"email": "…", "password": "…", "database_uri": "postgresql://analyst:…@host:port/jtrader"}'

log = logging.getLogger(__name__)


class MetabaseKeys(msgspec.Struct, frozen=True):
    email: str
    password: str
    database_uri: str


def provision_dashboards(settings: Settings | None = None) -> Changes:
    """Raises BadInput, Unavailable, Broken."""
    settings = settings or load_settings()
    keys = read_keys(settings.root / "secrets" / "metabase.json")
    with Metabase(settings.need("metabase_uri")) as metabase:
        if metabase.sign_in(keys.email, keys.password):
            log.info("Metabase was new: made its administrator %s", keys.email)
        return provision(metabase, load(), keys.database_uri)


def read_keys(file: Path) -> MetabaseKeys:
    """From a file that nobody else may read; no message shows what is in it."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        content = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file} can't be read ({error.strerror}): write {FORM} there") from error
    if mode & 0o077:
        raise BadInput(f"{file} has mode {mode:o}: others can read it; run 'chmod 600 {file}'")
    try:
        return msgspec.json.decode(content, type=MetabaseKeys)
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise BadInput(f"{file} is not JSON of the form {FORM}") from None


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        settings = load_settings()
        changes = provision_dashboards(settings)
    except JtraderError as error:
        sys.stderr.write(f"jtrader: {error}\n")
        return 2 if isinstance(error, BadInput) else 1
    log.info("dashboards: %s; see %s", changes, settings.metabase_uri)
    return 0


if __name__ == "__main__":
    sys.exit(main())
