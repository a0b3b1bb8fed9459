"""Lists and records that several apps build together: columns, filters, orders and panels, registered by key."""
