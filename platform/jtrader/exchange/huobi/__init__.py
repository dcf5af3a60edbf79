"""Huobi (HTX), four markets: its wire formats, native market feed, reference data, history, order entry, errors."""
