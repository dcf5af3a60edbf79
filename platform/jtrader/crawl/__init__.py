"""Crawling candles: plan what is missing, fetch, check, upsert, record the gaps; run it again and nothing changes."""
