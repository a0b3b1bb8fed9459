"""Experiments: what two arms differ in, how surely, and whether the experiment can be believed.

Everything follows from the statistics of each arm (:mod:`zhike.science.experiments.arms`), which the engine gathers in
one pass over the rows; what was gathered apart is added.
"""
