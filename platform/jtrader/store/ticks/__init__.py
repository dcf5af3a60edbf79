"""Ticks packed by column: what one instrument told of one kind within an hour, as a few short byte strings."""
