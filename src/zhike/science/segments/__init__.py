"""Customers grouped by likeness, and how much such a grouping can be relied on.

Features of customers (:mod:`zhike.science.segments.customers`) are grouped by one of several methods
(:mod:`zhike.science.segments.methods`, :mod:`zhike.science.segments.latent_classes`); new customers are put into the
same segments (:mod:`zhike.science.segments.segmentation`). Which method and how many segments is decided by what comes
out again on other customers (:mod:`zhike.science.segments.choosing`), what sets a segment apart names it
(:mod:`zhike.science.segments.naming`), who went where is told by :mod:`zhike.science.movement`.
"""
