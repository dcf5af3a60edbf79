"""Features of a long history on Spark: the same definitions, partition by partition, borders invisible."""
