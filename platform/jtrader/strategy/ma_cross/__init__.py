"""Holds long while the fast moving average stands above the slow one; short or flat below."""
