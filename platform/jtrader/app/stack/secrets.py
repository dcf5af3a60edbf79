"""Passwords and keys of the embedded services: made once, one file each, readable by the owner only."""

import base64
import os
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jtrader.app.stack.home import write_private


@dataclass(frozen=True)
class Secrets:
    folder: Path

    def password(self, name: str, characters: int = 32) -> str:
        """Letters and digits that need no quoting in a URI."""
        return self._once(name, lambda: secrets.token_hex(characters // 2))

    def fernet_key(self, name: str) -> str:
        """32 random bytes, base64 for URLs: what Fernet takes."""
        return self._once(name, lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())

    def file(self, name: str) -> Path:
        return self.folder / name

    def _once(self, name: str, make: Callable[[], str]) -> str:
        """Whoever comes first makes it; processes that start side by side agree on one."""
        path = self.file(name)
        if not path.exists():
            fresh = path.with_name(f".{name}.{os.getpid()}.{threading.get_ident()}")
            write_private(fresh, make())
            with suppress(FileExistsError):
                path.hardlink_to(fresh)
            fresh.unlink()
        return path.read_text()
