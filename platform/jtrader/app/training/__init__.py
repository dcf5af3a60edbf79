"""The parts of the retraining application: its request, features on Spark, models into the registry."""
