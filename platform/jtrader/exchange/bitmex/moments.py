"""BitMEX's times: ISO 8601 in UTC with milliseconds, "2021-07-22T22:36:10.014Z"."""

from jtrader.domain.times import MILLISECOND, iso, parse_time

_WHOLE_SECOND = len("2021-07-22T22:36:10")
_MILLIS = {f".{number:03d}Z": number * MILLISECOND for number in range(1_000)}


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
        millis, second = _MILLIS.get(text[_WHOLE_SECOND:]), text[:_WHOLE_SECOND]
        if millis is None:
            return parse_time(text)
        if second != self._second:
            self._second_ns = parse_time(second + "Z")
            self._second = second
        self._ns = ns = self._second_ns + millis
        self._text = text
        return ns


def spelled(ts: int) -> str:
    """As BitMEX takes it in queries: always with three decimals."""
    text = iso(ts)
    return text if "." in text else text.removesuffix("Z") + ".000Z"
