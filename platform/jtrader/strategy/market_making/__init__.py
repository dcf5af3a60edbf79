"""Quotes both sides around a reservation price that leans against its inventory."""
