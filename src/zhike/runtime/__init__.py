"""What Zhike stands on: one folder of state, one PostgreSQL, the processes of an instance. No Django here."""
