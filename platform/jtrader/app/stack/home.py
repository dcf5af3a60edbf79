"""Where the stack keeps its files: one folder, `home`, and a short private folder for sockets when `home` is long."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from jtrader.domain.errors import BadInput

SOCKET_PATH_LIMIT = 95
"""Linux allows 107 bytes; supervisor adds a dot and a process id while it binds."""


@dataclass(frozen=True)
class Home:
    root: Path

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def endpoints(self) -> Path:
        return self.run / "endpoints.json"

    @property
    def ports(self) -> Path:
        return self.run / "ports.json"

    @property
    def pids(self) -> Path:
        return self.run / "pids"

    @property
    def supervisor_config(self) -> Path:
        return self.run / "supervisord.conf"

    @property
    def supervisor_socket(self) -> Path:
        return socket_path(self.run / "supervisor.sock")

    def log_of(self, service: str) -> Path:
        return self.log / f"{service}.log"

    def folder(self, *parts: str) -> Path:
        """A folder below home, made when missing."""
        path = self.root.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def make(self) -> None:
        """Makes the folders. Raises BadInput where that is not allowed, or the path is one that supervisor misreads."""
        if awkward := sorted(set(str(self.root)) & set(';#"%\n')):
            raise BadInput(f"home {self.root} holds {' '.join(awkward)}; set JTRADER_HOME to a path without")
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for path in (self.run, self.log, self.secrets, self.pids):
                path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise BadInput(
                f"home {self.root} can't be written ({error}); set JTRADER_HOME to a folder of yours"
            ) from None


def socket_path(wanted: Path) -> Path:
    """`wanted`, or a path in a private temporary folder where it is too long for a Unix socket."""
    if len(os.fsencode(wanted)) <= SOCKET_PATH_LIMIT:
        return wanted
    key = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"jtrader-{os.geteuid()}-{key}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise BadInput(f"{folder} belongs to somebody else; remove it, or choose a shorter JTRADER_HOME")
    return folder / wanted.name


def write_private(path: Path, text: str) -> None:
    """Replaces a file atomically; only its owner can read it (mode 600)."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
