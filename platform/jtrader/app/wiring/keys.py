"""An account's keys, from files that nobody else may read."""

import json
import logging
import stat
from pathlib import Path

from jtrader.app.settings import AccountSettings, Settings
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import Market
from jtrader.exchange.common.session import Keys

log = logging.getLogger(__name__)


def key_path(settings: Settings, account: AccountSettings) -> Path:
    """Raises BadInput for a paper account, which has none."""
    if account.key_file is None:
        raise BadInput(f"account '{account.name}' has no key_file: its broker is {account.broker}")
    return settings.root / account.key_file.expanduser()


def read_keys(file: Path) -> Keys:
    """`{"key": …, "secret": …}`, with a `password` where the venue gave one, from a file that nobody else may read. The
    secret appears in no message."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        text = file.read_text()
    except OSError as error:
        raise BadInput(f"key file {file} can't be read ({error.strerror}); write the account's keys there") from error
    if mode & 0o077:
        raise BadInput(f"key file {file} has mode {mode:o}: others can read it; run 'chmod 600 {file}'")
    try:
        content = json.loads(text)
        password = str(content.get("password", ""))
        return Keys(key=str(content["key"]), secret=str(content["secret"]), password=password)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BadInput(f'key file {file} is not JSON of the form {{"key": "…", "secret": "…"}}') from None


def shown_key(settings: Settings, market: Market) -> str:
    """The API key, without its secret, of any account on the market whose broker is where the market data comes from:
    some venues tell old trades to holders of keys only. Empty where there is none."""
    broker = "sim" if settings.simulator_uri else "live"
    for account in settings.accounts:
        if account.market == market and account.broker == broker:
            try:
                return read_keys(key_path(settings, account)).key
            except BadInput as error:
                log.warning("lost trades can be asked for without a key only: %s", error)
    return ""
