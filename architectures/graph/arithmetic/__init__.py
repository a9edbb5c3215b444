"""What MXNet computes from float64 data where that departs from float64.

Only the proof uses these functions: each takes the arguments of the function that it stands for
(``Apply.exact``). The network that a user runs is plain PyTorch. Each file holds the models of one
group of operators; no two functions share a name.
"""
