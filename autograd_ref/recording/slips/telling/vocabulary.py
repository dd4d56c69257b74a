"""Names of operations in a sentence."""

WORDS = {
    **dict.fromkeys(("add", "add_", "logaddexp"), "sum"),
    **dict.fromkeys(("sub", "rsub", "sub_"), "difference"),
    **dict.fromkeys(("mul", "mul_"), "product"),
    **dict.fromkeys(("div", "div_"), "quotient"),
    **dict.fromkeys(("mm", "bmm", "mv", "dot"), "matrix product"),
    **dict.fromkeys(("index", "select", "slice", "gather", "index_select"), "selection"),
    **dict.fromkeys(("expand", "repeat"), "repetition along an axis"),
    **dict.fromkeys(("where", "masked_fill", "masked_fill_"), "mask"),
    **dict.fromkeys(("cat", "stack"), "joining"),
    **dict.fromkeys(("split", "unbind", "chunk", "split_with_sizes"), "splitting"),
    **dict.fromkeys(("max_pool2d_with_indices", "max_pool1d_with_indices"), "pooling"),
    **dict.fromkeys(("amax", "max", "maximum"), "maximum"),
    **dict.fromkeys(("amin", "min", "minimum"), "minimum"),
    **dict.fromkeys(("var", "var_mean"), "variance"),
    **dict.fromkeys(("native_batch_norm", "_native_batch_norm_legit"), "batch normalisation"),
    **dict.fromkeys(("clamp", "clamp_min", "clamp_max", "clamp_"), "limit"),
    "sum": "sum over an axis",
    "mean": "mean",
    "exp": "exponential",
    "log": "logarithm",
    "log1p": "logarithm",
    "pow": "power",
    "sqrt": "root",
    "rsqrt": "reciprocal root",
    "reciprocal": "reciprocal",
    "neg": "minus sign",
    "abs": "absolute value",
    "std": "standard deviation",
    "linalg_vector_norm": "norm",
    "native_layer_norm": "layer normalisation",
    "convolution": "convolution",
    **dict.fromkeys(("_softmax", "_safe_softmax"), "softmax"),
    "_log_softmax": "log-softmax",
    "nll_loss_forward": "choice of the target's entry",
    "logsumexp": "log of a sum of exponentials",
    "cumsum": "running sum",
    "logcumsumexp": "running log-sum",
    "linalg_cholesky_ex": "Cholesky factor",
    "cholesky_solve": "solution of the linear system",
    "relu": "ReLU",
}


def called(operation: str) -> str:
    """Return what an operation is called; its name without underscores where there is no word."""
    return WORDS.get(operation) or operation.strip("_").replace("_", " ")
