"""Does a network that came from a graph compute what MXNet computes from that graph?"""
