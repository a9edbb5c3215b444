"""Do the figures of the published model cards come out again?"""
