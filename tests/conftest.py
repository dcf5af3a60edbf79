"""Plug-ins with fixtures that any test may ask for by name."""

pytest_plugins = [
    "fixtures.stack",
    "fixtures.mlflow_server",
    "fixtures.spark",
    "fixtures.simulator",
    "fixtures.metabase_server",
]
