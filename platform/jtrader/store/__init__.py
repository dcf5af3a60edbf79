"""Where things are kept: MongoDB, Postgres, the Parquet lake, the local journal and in-memory twins."""
