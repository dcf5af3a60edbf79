"""Builds what trades from settings: an account's broker by its `broker` setting, a market's feed."""

import json
import stat
from pathlib import Path

from jtrader.app.settings import AccountSettings, Settings
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, InstrumentId, Market
from jtrader.exchange.binance.broker import BinanceBroker
from jtrader.exchange.binance.session import Keys


def broker_for(settings: Settings, account: AccountSettings, live: bool = False) -> BinanceBroker:
    """The account's broker; nothing is sent before its first use. Build it inside the event loop that uses it.

    `sim` takes the simulator for the exchange. Raises BadInput for what is not offered yet, and for bad keys.
    """
    if account.broker == "paper":
        raise BadInput(f'account \'{account.name}\' has broker = "paper", which is not built yet; set broker = "sim"')
    if account.broker == "live" and not live:
        raise BadInput(
            f"account '{account.name}' has broker = \"live\": real orders need --live on the command as well; "
            'for the simulator set broker = "sim"'
        )
    simulator = settings.need("simulator_uri") if account.broker == "sim" else None
    return BinanceBroker(
        AccountId(account.name),
        Market(account.market),
        instruments_of(settings, account),
        read_keys(key_path(settings, account)),
        simulator,
    )


def instruments_of(settings: Settings, account: AccountSettings) -> tuple[InstrumentId, ...]:
    """What the account's strategies trade; without any, everything that is crawled of its market."""
    traded = [name for s in settings.strategies if s.account == account.name for name in s.instruments]
    names = traded or [name for name in settings.crawl_instruments if name.startswith(account.market + ":")]
    foreign = [name for name in names if not name.startswith(account.market + ":")]
    if foreign or not names:
        what = f"{', '.join(foreign)} can't be traded" if foreign else "there is no instrument to trade"
        raise BadInput(f"account '{account.name}' is on {account.market}: {what} there; mend [[strategies]]")
    return tuple(dict.fromkeys(InstrumentId(name) for name in names))


def key_path(settings: Settings, account: AccountSettings) -> Path:
    return settings.root / account.key_file.expanduser()


def read_keys(file: Path) -> Keys:
    """`{"key": …, "secret": …}` from a file that nobody else may read. The secret appears in no message."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        text = file.read_text()
    except OSError as error:
        raise BadInput(f"key file {file} can't be read ({error.strerror}); write the account's keys there") from error
    if mode & 0o077:
        raise BadInput(f"key file {file} has mode {mode:o}: others can read it; run 'chmod 600 {file}'")
    try:
        content = json.loads(text)
        return Keys(key=str(content["key"]), secret=str(content["secret"]))
    except (ValueError, TypeError, KeyError):
        raise BadInput(f'key file {file} is not JSON of the form {{"key": "…", "secret": "…"}}') from None
