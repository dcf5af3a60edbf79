"""The desk in Postgres: a projection of the journal, P&L, statements and views; it can be dropped and made again."""
