"""jtrader: a quant desk in one package. The map of its rooms stands in the README."""
