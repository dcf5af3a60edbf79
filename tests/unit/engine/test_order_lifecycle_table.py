"""Every pair of status and step: allowed as written here, or refused."""

import itertools

import pytest

from jtrader.domain.errors import Broken
from jtrader.domain.order import OrderStatus
from jtrader.engine.lifecycle import CLOSING, Step, after, allows

# columns in the order of COLUMNS below
TABLE = """
pending_new        new                rejected    unknown    partially_filled    -         pending_cancel    canceled    expired
new                new                rejected    unknown    partially_filled    -         pending_cancel    canceled    expired
partially_filled   partially_filled   -           unknown    partially_filled    filled    pending_cancel    canceled    expired
pending_cancel     pending_cancel     rejected    unknown    pending_cancel      filled    pending_cancel    canceled    expired
unknown            new                rejected    -          partially_filled    -         unknown           canceled    expired
filled             -                  -           -          filled              -         -                 -           -
canceled           -                  -           -          canceled            filled    -                 -           -
expired            -                  -           -          expired             filled    -                 -           -
rejected           new                -           -          partially_filled    -         -                 -           -
refused            -                  -           -          -                   -         -                 -           -
"""  # noqa: E501
COLUMNS = (
    Step.ACKNOWLEDGE,
    Step.REJECT,
    Step.LOSE,
    Step.FILL,
    Step.COMPLETE,
    Step.REQUEST_CANCEL,
    Step.CANCEL,
    Step.EXPIRE,
)
EXPECTED = {
    (OrderStatus(status), step): None if cell == "-" else OrderStatus(cell)
    for status, *cells in (line.split() for line in TABLE.strip().splitlines())
    for step, cell in zip(COLUMNS, cells, strict=True)
}


@pytest.mark.parametrize(("status", "step"), list(itertools.product(OrderStatus, Step)))
def test_every_pair(status: OrderStatus, step: Step) -> None:
    expected = EXPECTED[status, step]
    assert allows(status, step) is (expected is not None)
    if expected is None:
        with pytest.raises(Broken, match=status.value):
            after(status, step)
    else:
        assert after(status, step) is expected


def test_every_terminal_report_of_a_venue_has_a_step() -> None:
    assert set(CLOSING) == {status for status in OrderStatus if status.is_terminal} - {OrderStatus.REFUSED}
