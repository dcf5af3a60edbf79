"""The recorder's work without its process: what arrives, what is written or spilled, what is missing and repaired."""
