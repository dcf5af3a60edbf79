"""Binance's dialect of the simulator: spot and USDT-M perpetuals, REST, market streams, user streams and WS API."""
