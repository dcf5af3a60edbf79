"""Market data in MongoDB: candles, gaps, quarantine and instruments, written so that a crash loses nothing."""
