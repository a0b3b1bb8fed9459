"""Warehouse refresh, scoring tasks and the pages that read all apps."""
