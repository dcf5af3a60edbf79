"""The embedded stack: every service of a whole desk on one machine, as data, started and watched by supervisor."""

from jtrader.app.stack.stack import Stack
from jtrader.app.stack.starting import Progress

__all__ = ["Progress", "Stack"]
