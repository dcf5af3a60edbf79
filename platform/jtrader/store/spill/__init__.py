"""Tick batches on the local disk while their database is away: bounded, checksummed, read back in order."""
