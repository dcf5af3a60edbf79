"""Dashboards as code: one YAML file each, SQL on the desk's views, drawn by Metabase and by our own page alike."""

from jtrader.report.dashboards.definitions import Card, Dashboard, Visual, load, parse

__all__ = ["Card", "Dashboard", "Visual", "load", "parse"]
