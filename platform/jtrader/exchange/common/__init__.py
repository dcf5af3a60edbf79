"""What every venue's adapter is built on: a kept connection, a feed, proven order books, a signed session, a budget."""
