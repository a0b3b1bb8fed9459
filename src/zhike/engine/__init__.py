"""From PostgreSQL to Parquet, and the Ibis backend over it. No Django models."""
