"""Builds adapters from settings: one module an area (data, learning, trading, reading)."""
