"""Next offer: what to recommend to whom, and why.

Every model scores all products for some customers (:mod:`zhike.science.recommending.models`); what may be offered at
all is decided by rules that come before any score (:mod:`zhike.science.recommending.rules`); lists are made of both
(:mod:`zhike.science.recommending.lists`), and judged by what was bought later
(:mod:`zhike.science.recommending.evaluation`).
"""
