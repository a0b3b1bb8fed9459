"""Winning lost customers back: why they left, whether they would return, what that is worth, and what to offer whom.

Classes by cause and value (:mod:`zhike.science.winback.causes`), return and second life
(:mod:`zhike.science.winback.returning`), offers within a budget (:mod:`zhike.science.winback.offers`), and whether the
ranking beats simpler ones (:mod:`zhike.science.winback.judging`).
"""
