"""The network's formulas, with samples in rows or in columns: what texts of mistakes are made of.

A text names a formula in braces, `{dW0}`; `written` fills in how it is written.
"""

from collections.abc import Mapping
from functools import cache
from typing import Literal

Layout = Literal["rows", "columns"]
Biases = Literal["vectors", "matrices"]


@cache
def formulas(layout: Layout = "rows", biases: Biases = "vectors") -> Mapping[str, str]:
    """Return every formula that texts use, by its name.

    Args:
        layout: whether samples are the rows of X, of one-hot targets and of all that is made of
            them, or their columns.
        biases: whether b0 and b1 have one axis, or two.
    """
    kept = ", keepdims=True" if biases == "matrices" else ""
    if layout == "rows":
        return {
            "z1": "X @ W0.T + b0",
            "z2": "a1 @ W1.T + b1",
            "y_hat": "exp(z2) / exp(z2).sum(axis=1, keepdims=True)",
            "back": "e2 @ W1",
            "dW0": "delta1.T @ X",
            "db0": f"delta1.sum(axis=0{kept})",
            "dW1": "e2.T @ a1",
            "db1": f"e2.sum(axis=0{kept})",
            "sum": f".sum(axis=0{kept})",
            "at_labels": "y_hat[np.arange(S), labels]",
            "one_hot": "np.eye(N_O)[labels]",
            "row": "row",
            "column": "column",
        }
    column = "[:, None]" if biases == "vectors" else ""
    return {
        "z1": f"W0 @ X + b0{column}",
        "z2": f"W1 @ a1 + b1{column}",
        "y_hat": "exp(z2) / exp(z2).sum(axis=0, keepdims=True)",
        "back": "W1.T @ e2",
        "dW0": "delta1 @ X.T",
        "db0": f"delta1.sum(axis=1{kept})",
        "dW1": "e2 @ a1.T",
        "db1": f"e2.sum(axis=1{kept})",
        "sum": f".sum(axis=1{kept})",
        "at_labels": "y_hat[labels, np.arange(S)]",
        "one_hot": "np.eye(N_O)[:, labels]",
        "row": "column",
        "column": "row",
    }


def written(text: str, layout: Layout = "rows", biases: Biases = "vectors") -> str:
    """Return a text with its formulas filled in."""
    return text.format_map(formulas(layout, biases))
