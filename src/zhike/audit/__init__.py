"""History: captured by the database, sealed into a signed tree, provable to somebody who does not trust us."""
