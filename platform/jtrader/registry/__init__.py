"""MLflow behind RunTracker and ModelStore, a cache for the time MLflow is away, and in-memory twins of both."""
