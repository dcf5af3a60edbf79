"""Metabase over its REST API: the first set-up, the desk's database, dashboards from report/dashboards.

A client of our own on httpx: metabase-sync (0.3.1 was read) keeps a state tree with Metabase's ids written back into
it, signs in by API key alone, and neither sets Metabase up nor adds a database. Our definitions must stay free of
Metabase's ids, since our own page draws the same files.
"""
