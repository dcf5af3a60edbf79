"""What people read: lineage of a fill, dashboards as code."""
