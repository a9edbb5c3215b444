"""Does a port compute what the source framework computes?"""
