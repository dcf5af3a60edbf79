"""BitMEX's dialect: REST below /api/v1 and the realtime stream of the simulated market `bitmex`."""
