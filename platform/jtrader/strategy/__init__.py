"""The one strategy API and the shipped strategies, each `strategy/<name>/rule.py`."""
