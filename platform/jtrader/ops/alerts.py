"""Alerts to the log, the delivery that is always there; other deliveries stand beside it behind the same port."""

import logging

LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "page": logging.CRITICAL}

log = logging.getLogger("jtrader.alerts")


class LogAlerts:
    """ports.Alerts. An unknown level is logged as a warning."""

    def send(self, level: str, key: str, message: str) -> None:
        log.log(LEVELS.get(level, logging.WARNING), "[%s] %s", key, message)
