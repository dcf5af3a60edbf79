"""A client id survives the way to a venue of letters and digits and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import ClientOrderId
from jtrader.exchange.ccxt.ids import LONGEST, ours, plain

IDS = st.text("ABCXYZabcxyzMU0189-_", min_size=1, max_size=16).map(ClientOrderId)


@given(first=IDS, second=IDS)
def test_every_id_comes_back_and_none_becomes_another(first: ClientOrderId, second: ClientOrderId) -> None:
    written = plain(first)
    assert written.isalnum()
    assert len(written) <= LONGEST
    assert ours(written) == first
    assert (written == plain(second)) == (first == second)


def test_an_id_that_gets_too_long_is_refused() -> None:
    with pytest.raises(BadInput, match="more than 32"):
        plain(ClientOrderId("-" * 17))
