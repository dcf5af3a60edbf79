"""BitMEX's times: ISO 8601 in UTC with milliseconds, "2021-07-22T22:36:10.014Z"."""

from jtrader.domain.errors import BadInput
from jtrader.domain.times import MILLISECOND, iso, parse_time

_WHOLE = len("2021-07-22T22:36:10.014Z")


class MomentReader:
    """Reads many times that lie close together: a second is parsed once."""

    __slots__ = ("_ns", "_second", "_second_ns", "_text")

    def __init__(self) -> None:
        self._text = ""
        self._ns = 0
        self._second = ""
        self._second_ns = 0

    def read(self, text: str) -> int:
        """Nanoseconds. Raises BadInput for what is no time."""
        if text == self._text:
            return self._ns
        if len(text) != _WHOLE:
            return parse_time(text)
        if text[:19] != self._second:
            self._second_ns = parse_time(text[:19] + "Z")
            self._second = text[:19]
        try:
            self._ns = self._second_ns + int(text[20:23]) * MILLISECOND
        except ValueError as error:
            raise BadInput(f"'{text}' is not a time") from error
        self._text = text
        return self._ns


def spelled(ts: int) -> str:
    """As BitMEX takes it in queries: always with three decimals."""
    text = iso(ts)
    return text if "." in text else text.removesuffix("Z") + ".000Z"
