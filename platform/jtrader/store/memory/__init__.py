"""The stores in memory: twins of the real ones, held to the same contract tests."""
