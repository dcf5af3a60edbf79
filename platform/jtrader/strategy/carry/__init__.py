"""Holds spot against a short perpetual while longs pay enough funding."""
