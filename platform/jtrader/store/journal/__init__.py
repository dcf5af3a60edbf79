"""The local journal: append-only segment files with checksums, one write and one fsync a commit, one writer."""
