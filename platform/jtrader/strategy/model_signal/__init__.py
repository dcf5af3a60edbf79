"""Trades the sign of a model's prediction where it is sure enough."""
