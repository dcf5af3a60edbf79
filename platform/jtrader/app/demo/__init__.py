"""`jtrader demo`: one day of the desk on real services, from an empty store to a reconciled statement."""
