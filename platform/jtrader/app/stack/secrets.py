"""Passwords and keys of the embedded services: made once, one file each, readable by the owner only."""

import base64
import secrets
from collections.abc import Callable
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
        path = self.file(name)
        try:
            text = path.read_text().strip()
        except FileNotFoundError:
            text = ""
        if not text:
            text = make()
            write_private(path, text)
        return text
