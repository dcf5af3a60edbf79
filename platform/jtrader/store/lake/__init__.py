"""The Parquet lake: feature rows by instrument and day, with a manifest that names every byte of them."""
