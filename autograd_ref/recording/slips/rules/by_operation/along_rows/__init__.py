"""The kinds of wrong steps of operations on rows: softmax, norms, statistics, running sums."""
