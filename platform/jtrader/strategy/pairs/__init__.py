"""Trades the return of a pair's spread to its mean."""
