"""ZeroMQ on loopback: market data and OMS events by PUB/SUB with sequence numbers, commands by RPC."""
