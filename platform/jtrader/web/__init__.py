"""The trading UI: models read, views draw, controllers refresh. It reads Postgres and acts by RPC only."""
