"""Measures how often the mistake in a gradient is named, in models of many families.

    python -m tests.naming [--only MODEL] [--seed S] [--pairs N | --nobody N] [--unseen FOLDER]
                           [--seconds T] [--resume] [--read] [--record FILE]

The models are the modules in models/: a point, a loss in PyTorch, gradients derived by hand, and
wrong derivations of them, with the piece of the loss where each goes wrong. They were written as
people write them, before the kinds of slip that are looked for. FOLDER has models that nobody
tuned anything on. Each mistake is checked; with --pairs, N pairs of mistakes of every model, made
at once; with --nobody, N gradients of every model that nobody derived, of which none may be named.

--read prints the words about single mistakes that a second reader has not judged (judged.tsv), and
counts what was thought of the others.

A line about every check goes to .naming/mistakes.jsonl, pairs.jsonl or nobody.jsonl; --resume goes
on with the file that is there.
"""
