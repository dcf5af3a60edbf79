"""Spark's doors to the stores, as Python data sources: candles, trades and books out of MongoDB, feature
rows into the lake. No jars."""
