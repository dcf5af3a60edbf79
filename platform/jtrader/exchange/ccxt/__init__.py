"""Any living venue by ccxt's unified methods: market data and paper trading by configuration, live after a probe."""
