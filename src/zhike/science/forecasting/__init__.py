"""Orders, revenue and active customers of days, weeks or months to come, with intervals.

Series from orders (:mod:`zhike.science.forecasting.series`), candidates (:mod:`zhike.science.forecasting.candidates`)
with Chinese holidays (:mod:`zhike.science.forecasting.holidays`), the choice among them by what they would have
foretold (:mod:`zhike.science.forecasting.back_testing`).
"""
