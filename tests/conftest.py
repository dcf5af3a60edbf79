"""Plug-ins with fixtures that any test may ask for by name."""

import signal

# A shell starts what runs in the background with Ctrl-C ignored, and children inherit that: the verbs under test would
# never see it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = [
    "fixtures.stack",
    "fixtures.mlflow_server",
    "fixtures.spark",
    "fixtures.simulator",
    "fixtures.metabase_server",
    "fixtures.spark_cluster",
]
