"""What a probe has proven of a venue that is reached by ccxt's unified methods: `live` waits for it."""

from pathlib import Path

import msgspec

from jtrader.app.settings import AccountSettings, Settings
from jtrader.domain.errors import BadInput
from jtrader.exchange.ccxt.probe import Proof


def proof_file(settings: Settings, account: AccountSettings) -> Path:
    return settings.root / "proofs" / f"{account.name}.json"


def keep_proof(settings: Settings, account: AccountSettings, proof: Proof) -> None:
    file = proof_file(settings, account)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.encode(proof))


def need_proof(settings: Settings, account: AccountSettings) -> None:
    """Raises BadInput unless a probe of this account has proven all that live trading needs."""
    file = proof_file(settings, account)
    how = f"run 'jtrader account probe {account.name} INSTRUMENT --trade'"
    try:
        proof = msgspec.json.decode(file.read_bytes(), type=Proof)
    except FileNotFoundError:
        raise BadInput(f"account '{account.name}': nothing is proven of {account.market} yet; {how}") from None
    except (OSError, msgspec.DecodeError) as error:
        raise BadInput(f"account '{account.name}': its proof {file} can't be read ({error}); {how}") from error
    if not proof.is_whole:
        why = "; ".join(f"{point}: {reason}" for point, reason in proof.why.items())
        raise BadInput(f"account '{account.name}' can't trade live on {account.market}, the probe failed ({why})")
