"""Spark's doors to the stores, as Python data sources: candles out of MongoDB, feature rows into the lake. No jars."""
