"""A mass run: right gradients of many losses, which the checker has to accept.

    python -m tests.mass [--problems N] [--seed S] [--only FAMILY] [--resume]
                         [--loss torch|numpy|kernel] [--seconds T] [--record FILE]
    python -m tests.mass --injected

The families are functions in families/, each of which makes a problem of random size from a random
generator and a number format. Their gradients are derived by hand, in as many styles as there are
people, and right: agreement.py tells by how much they differ from autograd's. Each problem is
checked with a loss in PyTorch and, where the family has one, in NumPy, in float64 and float32;
operations with a backward pass of their own in float16 and bfloat16, too. With --injected, there is
one error in each (inject.py), and none may pass that exceeds the resolution of the report.

A line about every check goes to .mass/honest.jsonl or .mass/injected.jsonl; those that a reader has
to look at go to a second file beside it, with the command that repeats the problem alone. --resume
goes on with the files that are there.
"""
