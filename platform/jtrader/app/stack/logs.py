"""The ends of log files, for messages."""

from pathlib import Path

_BLOCK = 16_384


def last_lines(file: Path, count: int) -> list[str]:
    """The last lines that are not blank; none where there is no file."""
    try:
        with file.open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - _BLOCK))
            text = log.read().decode(errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]
