"""The long-running processes: simulator, feed, oms, strategies, web. `python -m jtrader.app.services.<name>`."""
