"""The part that an argument or a method plays, by its name."""

import re
from typing import Literal

Role = Literal[
    "X",
    "Y",
    "parameters",
    "array",
    "cache",
    "rate",
    "l2",
    "steps",
    "samples",
    "seed",
    "generator",
    "inputs",
    "hidden",
    "outputs",
    "sizes",
    "quiet",
    "upstream",
    "both",
]

NAMES: tuple[tuple[Role, str], ...] = (
    (
        "X",
        r"x|xs|x_?(train|batch|data|i|b|in|input|mb|s)|batch_?x|batch|inputs?(_list)?|data|features?"
        r"|in_?data|images?|samples?|entradas?|eingaben?|rows?|record|instance|train",
    ),
    (
        "Y",
        r"y|ys|t|ts|y_?(train|batch|true|i|b|mb|s|onehot|one_hot|enc|target|label)|batch_?y"
        r"|targets?(_list)?|desired(_output)?|classes"
        r"|labels?|one_?hot(_y|_labels)?|y_?oh|ground_?truth|expected(_output)?|tgt",
    ),
    (
        "parameters",
        r"params?|parameters?|vec|vector|coeffs?|theta|thetas|weights?|ws|p|model|net|network|nn|nn_params|w|layers"
        r"|params_?(vec|vector|flat)|theta_?(vec|flat)|flat(_params)?|weights_and_biases|state",
    ),
    (
        "cache",
        r"caches?|forward_?(cache|pass|out|output|result)s?|activations?|memory|mem|ctx|saved"
        r"|intermediates?|states?|acts|zs_and_as|fwd",
    ),
    ("rate", r"lr|eta|alpha|rate|step_?size|learning_?rate|learn_?rate|l_?rate|epsilon|gamma"),
    (
        "l2",
        r"l2|reg|lam|lamb|lamda_?|lambd|lambda_?|lmbda|lmbd|weight_?decay|wd|l2_?(reg|lambda|penalty)"
        r"|alpha|reg_?(strength|lambda|param)|regularization|regularisation|decay|beta",
    ),
    (
        "steps",
        r"epochs?|n_?(iters?|epochs|steps)|num_?(iters?|epochs|iterations|steps)|iterations?|iters?"
        r"|max_?iters?|steps|n_iterations|(n_?)?rounds?|times|n_epochs?|passes",
    ),
    ("samples", r"m|s|n_?samples|num_?(samples|examples)|batch_?size|mini_?batch_?size|bs"),
    ("seed", r"seed|random_?(state|seed)"),
    ("generator", r"rng|generator|random|r|rand"),
    (
        "inputs",
        r"n_?(x|in|i|input|inputs|features)|(word|vocab|feature|x|data|embed\w*|state|obs)_?(dim|size|count)|n|n?features|in_?(dim|size|features|nodes|d)?|input_?(dim|size|nodes"
        r"|layer_?size|neurons|units|layer)?|num_?(inputs|features|input)|d_?in|fan_?in|d|n0|nx|ni|dim_?in"
        r"|inputs|n_?input_?(nodes|units)|nin|inodes|input_?nodes",
    ),
    (
        "hidden",
        r"n_?(h|hid|hidden|hiddens)|hidden(_?(dim|size|nodes|layer_?size|neurons|units|layer))?"
        r"|num_?(hidden|hiddens|hidden_units)|h|d_?h(id|idden)?|n1|nh|hid(den)?_?(size|dim)?|hnodes"
        r"|n_?hidden_?(nodes|units)|hiddennodes|hdim|width",
    ),
    (
        "outputs",
        r"n_?(y|o|out|output|outputs|class|classes|lab|labels)|(class|label|y|target|action)_?(dim|size|count)|out_?(dim|size|features|nodes|d)?|output_?(dim"
        r"|size|nodes|layer_?size|neurons|units|layer)?|num_?(outputs|classes|labels|output)|d_?out|fan_?out"
        r"|k|c|n2|ny|no|dim_?out|classes|n_?output_?(nodes|units)|nout|onodes",
    ),
    (
        "sizes",
        r"sizes|layer_?(sizes|dims)|layers?_?(sizes|dims|list)|dims|dimensions|architecture|arch"
        r"|layers|shapes?|topology|structure|nn_?architecture|units|neurons|layer_?units|widths|counts",
    ),
    (
        "upstream",
        r"d_?(out|output|y|z|a|h|l|x|loss)?\d?|.*(upstream|out(put)?_?(grad|error|delta)|grad_?(out|output)"
        r"|error|err|delta).*|dz\d|da\d|grads?|gradients?",
    ),
    ("both", r"batch|data|examples?|pairs?|xy|samples?|patterns?|training_?data|dataset"),
    ("quiet", r"verbose|print_?(cost|loss|every)|plot|debug|show|log(_every)?|callback"),
)

ARRAY = re.compile(
    r"(w|b|weights?|bias|theta|kernel)_[a-z]\w*|(w|b|u|v|theta|weights?|bias(es)?|beta|omega|wt|bs)_?\d*"
    r"(_?([ihoxy]|in|hid|hidden|out|output|input|ih|ho|xh|hy|hh|x_?h|h_?[oy]|i_?h|h|o|y|\d+))*",
    re.IGNORECASE,
)
"""The names of weights and biases: W1, b_h, Wxh, theta2, weights_ih, bias_o, w_hidden."""

BIAS = re.compile(
    r"(b|bias(es)?|bs|beta|intercepts?)(_?\d+|_?[a-z]{1,6}\d*)?|.*bias.*", re.IGNORECASE
)

GRADIENT = re.compile(
    r"d_?[wbuvθ].*|d_?theta.*|.*grad.*|nabla.*|.*delta.*|del_.*|g_?[wb]\d*|.*_g|partial.*",
    re.IGNORECASE,
)
"""The names of what is no parameter, but its derivative."""

KEPT = re.compile(
    r"(v|m|s|vel|velocity|mom|momentum|prev|old|best|cache|adam|ema|acc)_?[dwb].*"
    r"|.*(velocity|momentum|prev|cache|best|update|history|mask).*",
    re.IGNORECASE,
)
"""The names of what an optimiser keeps."""

FORWARD = re.compile(
    r"_?((l|deep|full|nn|net|network|mlp|do|my)?_?(model|nn|net|network)?_?)"
    r"(forward|feed_?forward|fwd|f_?prop|predict_?proba|predict|compute_outputs?|evaluate_?classifier)"
    r"(_?(prop|propagation|propagate|pass|step|full|propogation|model|all))?",
    re.IGNORECASE,
)
"""The names of what computes the outputs."""

PART = re.compile(
    r"(linear|affine|activation|relu|sigmoid|tanh|softmax|layer|dense|fc|leaky_?relu)_.*"
    r"|.*_(single|layer|affine|relu|sigmoid|softmax|dense)(_(forward|backward))?|(d|der(iv)?)_?(relu|sigmoid|tanh).*"
    r"|.*_(prime|derivative)|.*numerical.*|.*(num|approx|finite)\w*_?(grad|diff).*|.*check.*",
    re.IGNORECASE,
)
"""The names of what is done in one layer, or to compare."""

BACKWARD = re.compile(
    r"_?(compute|get|calc|calculate|do|l|deep|full|nn|net|network|mlp|loss_and|cost_and)?_?(model|nn|net)?_?"
    r"(back_?ward|back_?prop|b_?prop|bwd|grads?|gradients?|cost_?function_?prime|backpropagate)"
    r"(_?(prop|propagation|propagate|pass|step|full|propogation|agation|ate|s|model|all))*",
    re.IGNORECASE,
)
"""The names of what computes gradients."""

GRADIENT_IN = re.compile(
    r"grad|back_?p|backw|deriv|slope|jacob|nabla|adjoint|sensitiv|retro", re.IGNORECASE
)
"""Parts of the names of functions that compute gradients."""

LOSS = re.compile(
    r"_?(nn_?|softmax_?|svm_?)?(loss|cost|objective|error)(_?(function|func|fn|fun|and|with|vectorized|reg|value"
    r"|grads?|gradients?|grad))*|f_and_g|fun|value_and_grad(ients?)?|forward_?(and_?)?backward",
    re.IGNORECASE,
)
"""The names of what computes a loss, perhaps with gradients."""

UPDATE = re.compile(
    r"(partial_?)?(train|fit|step|update|learn|sgd|gd|gradient_descent|optimi[sz]e|adjust|apply|descend)"
    r"(_?(step|on_?batch|batch|one|epoch|mini_?batch|once|parameters|params|network|model|weights|sample|gradients?|grads|deltas?|updates?|all))*",
    re.IGNORECASE,
)
"""The names of what updates parameters."""

MAKER = re.compile(
    r"_?(.*init|make|create|new|start|get_initial|random|setup|build)", re.IGNORECASE
)
"""The beginnings of the names of what makes parameters."""

COMPILED: tuple[tuple[Role, re.Pattern[str]], ...] = tuple(
    (role, re.compile(text, re.IGNORECASE)) for role, text in NAMES
)


RATE = re.compile(
    r"l_?r|eta|(?!.*(drop|leak|decay|keep|reg|noise)).*rate.*|step_?size|learning_?\w*",
    re.IGNORECASE,
)
"""The names of a learning rate that mean nothing else, as alpha may."""


OUTSIDE = re.compile(
    r"_?(remove|unlink|rm(tree|dir)|delete|clean|clear|save|dump|write|open|system|popen|input"
    r"|download|urlretrieve|mkdir|makedirs|rename|replace|show|exit|main)\w*",
    re.IGNORECASE,
)
"""The names of what reaches out of a program: files, the screen, the network."""

DRAWN = re.compile(r"rand\w*|normal|uniform|default_rng|standard_normal|zeros|ones|full|empty")
"""The names of what makes initial parameters."""

SIZES: tuple[Role, ...] = ("inputs", "hidden", "outputs", "sizes")


def roles_of(name: str, *, of_sizes: bool = False) -> list[Role]:
    """Return the parts that an argument of this name may play, the likeliest first.

    Args:
        name: of the argument.
        of_sizes: True where sizes are asked for, as a constructor does.

    Examples:
        >>> roles_of("learning_rate"), roles_of("X_train"), roles_of("W1")
        (['rate'], ['X'], ['array'])
    """
    plain = name.strip("_")
    found: list[Role] = [role for role, pattern in COMPILED if pattern.fullmatch(plain)]
    sizes: list[Role] = [role for role in SIZES if role in found]
    others: list[Role] = [role for role in found if role not in SIZES]
    if ARRAY.fullmatch(plain):
        others.append("array")
    return [*sizes, *others] if of_sizes else [*others, *sizes]
