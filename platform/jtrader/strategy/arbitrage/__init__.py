"""Buys where it is cheap and sells where it is dear, after fees."""
