"""The root of the error tree. Each room derives its own errors from these; the message says how to mend it."""


class JtraderError(Exception):
    """Any failure that jtrader names itself. `str(error)` is one sentence: what, where, what to do."""


class BadInput(JtraderError):
    """A value from outside is wrong; nothing was changed. Says the value, the place and what is allowed."""


class Unavailable(JtraderError):
    """A service could not be reached in time. Trying again later can help; nothing was half-written."""


class Broken(JtraderError):
    """An invariant does not hold. Trying again does not help; a person has to look."""
