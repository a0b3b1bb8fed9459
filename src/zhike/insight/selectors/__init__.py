"""Reads for the pages that look at all apps; everything within the actor's data scope."""
