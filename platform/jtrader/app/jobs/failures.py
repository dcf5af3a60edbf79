"""How a job's failure reaches Airflow: bad input fails the task for good, anything else is tried again."""

from collections.abc import Iterator
from contextlib import contextmanager

from jtrader.domain.errors import BadInput


@contextmanager
def final_on_bad_input() -> Iterator[None]:
    """Trying again would not mend a wrong form, so the task fails at once with the sentence that says what to do."""
    from airflow.sdk.exceptions import AirflowFailException

    try:
        yield
    except BadInput as error:
        raise AirflowFailException(str(error)) from error
