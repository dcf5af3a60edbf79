"""Running the desk: clients of Airflow and Metabase, alerts, metrics, backup."""
