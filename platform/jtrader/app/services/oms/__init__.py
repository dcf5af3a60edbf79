"""The order management process: engine, journal, brokers, RPC server, event publisher and outbox to Postgres."""
