"""Our client ids where a venue takes letters and digits only (OKX): `-` is written ZM, `_` ZU, and `Z` itself ZZ.

jtm0x3-1k  ↔  jtm0x3ZM1k
"""

import re

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import ClientOrderId

LONGEST = 32
_ESCAPES = {"Z": "ZZ", "-": "ZM", "_": "ZU"}
_ORIGINALS = {escape: char for char, escape in _ESCAPES.items()}


def plain(ours: ClientOrderId) -> str:
    """Raises BadInput for an id that gets too long."""
    written = re.sub("[Z_-]", lambda found: _ESCAPES[found[0]], ours)
    if len(written) > LONGEST:
        raise BadInput(f"client id {ours} has more than {LONGEST} letters and digits as the venue takes them")
    return written


def ours(written: str) -> ClientOrderId:
    """The way back; what others wrote stays as it is."""
    return ClientOrderId(re.sub("Z[ZMU]", lambda found: _ORIGINALS[found[0]], written))
