"""Uplift: whom a treatment moves, how surely that is more than chance, and what treating only them is worth.

Learners (:mod:`zhike.science.uplift.learners`) score customers by how much the treatment would change their outcome;
scores made for customers that a model has not seen (:mod:`zhike.science.uplift.crossing`) are judged by one Qini
coefficient (:mod:`zhike.science.uplift.qini`) and turned into money (:mod:`zhike.science.uplift.policy`).
"""
