"""What the DAGs call: one function a task, dated and idempotent, heavy imports inside."""
