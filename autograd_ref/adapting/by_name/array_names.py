"""The names of arrays: weights and biases, their derivatives, and what an optimiser keeps."""

import re

ARRAY = re.compile(
    r"(w|b|weights?|bias|theta|kernel)_[a-z]\w*|[a-z]_?bias|(w|b|u|v|theta|weights?|bias(es)?|beta|omega|wt|ws|bs)_?\d*"
    r"(_?([ihoxy]|in|hid|hidden|out|output|input|ih|ho|xh|hy|hh|x_?h|h_?[oy]|i_?h|h|o|y|\d+))*",
    re.IGNORECASE,
)
"""The names of weights and biases: W1, b_h, Wxh, theta2, weights_ih, bias_o, w_hidden."""


BIAS = re.compile(
    r"(b|bias(es)?|bs|beta|intercepts?)(_?\d+|_?[a-z]{1,6}\d*)?|.*bias.*", re.IGNORECASE
)


GRADIENT = re.compile(
    r"(d_?[a-z]_?)?d_?[wbuvθ].*|d_?theta.*|.*grad.*|nabla.*|.*delta.*|del_.*|g_?[wb]\d*|.*_g|partial.*",
    re.IGNORECASE,
)
"""The names of what is no parameter, but its derivative."""


KEPT = re.compile(
    r"(v|m|s|vel|velocity|mom|momentum|prev|old|best|cache|adam|ema|acc)_?[dwb].*"
    r"|.*(velocity|momentum|prev|cache|best|update|history|mask).*",
    re.IGNORECASE,
)
"""The names of what an optimiser keeps."""


MOMENTS = re.compile(
    r"[mvsr]|(m|v|s)_?t|vel\w*|velocit\w*|mom(ent\w*)?|m[12]|adam\w*|cache\w*|sq\w*", re.IGNORECASE
)
"""The names of what an optimiser keeps by the names of the parameters."""


def is_parameter(name: str) -> bool:
    """Return whether a name may be that of a parameter: no derivative, nothing that is kept.

    Args:
        name: of an array or a number.
    """
    return not GRADIENT.fullmatch(name) and not KEPT.fullmatch(name)
