"""The long-running processes: simulator, feed, recorder, oms, strategies, web.

Each is started as `python -m jtrader.app.services.<name>`.
"""
