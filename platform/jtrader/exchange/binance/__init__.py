"""Binance: its wire formats, native market feed, reference data and history, order entry, errors."""
