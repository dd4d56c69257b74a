"""Random problems of the built-in network, as Hypothesis strategies."""

from autograd_ref.assignment.problems import (
    Problem,
    batches,
    degenerate_shapes,
    distinct_shapes,
    dtypes,
    entries,
    large_problems,
    parameters,
    problems,
    shapes,
    square_shapes,
    targets,
)

__all__ = [
    "Problem",
    "batches",
    "degenerate_shapes",
    "distinct_shapes",
    "dtypes",
    "entries",
    "large_problems",
    "parameters",
    "problems",
    "shapes",
    "square_shapes",
    "targets",
]
