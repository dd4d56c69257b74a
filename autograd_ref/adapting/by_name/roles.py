"""The part that an argument or a method plays, by its name."""

import re
from functools import lru_cache
from typing import Literal

from autograd_ref.adapting.by_name.array_names import ARRAY

Role = Literal[
    "X",
    "Y",
    "parameters",
    "array",
    "cache",
    "rate",
    "l2",
    "steps",
    "layers",
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
        r"x|xs|x_?(train|tr|batch|data|i|b|in|input|mb|s|norm(ali[sz]ed)?|scaled|std)|batch_?x|batch|inputs?(_list)?|data|features?"
        r"|in_?data|images?|samples?|entradas?|eingaben?|rows?|record|instance|train"
        r"|linha|fila|ligne|zeile|riga|entrees?|ingress[io]|wejscia?",
    ),
    (
        "Y",
        r"y|ys|t|ts|y_?(train|tr|batch|true|i|b|mb|s|onehot|one_hot|oh|enc|target|label|norm(ali[sz]ed)?|scaled)|batch_?y"
        r"|targets?(_(list|y|data|values?|outputs?))?|desired(_output)?|classes"
        r"|labels?|one_?hot(_y|_labels)?|y_?oh|ground_?truth|expected(_output)?|tgt"
        r"|esperad[oa]s?|alvos?|cibles?|ziele?|objetivos?|attes[oi]|obiettiv[oi]|etiquetas?",
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
    ("rate", r"lr|eta|alpha|rate|step_?size|learn(ing)?_?r[a-z]*|l_?rate|epsilon|gamma"),
    (
        "l2",
        r"l2|reg|lam|lamb|lamda_?|lambd|lambda_?|lmbda|lmbd|weight_?decay|wd|l2_?(reg|lambda|penalty)"
        r"|alpha|reg_?(strength|lambda|param)|regularization|regularisation|decay|beta",
    ),
    (
        "steps",
        r"epochs?|n_?(iters?|epochs|steps)|num_?(iters?|epochs|iterations|steps)|iterations?|iters?"
        r"|max_?it(er(ation)?s?)?|steps|n_iterations|(n_?)?rounds?|times|n_epochs?|passes",
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
        r"n_?(h|hid|hidden|hiddens)|hidden(_?(dim|size|node|layer_?size|neuron|unit|layer)s?)?"
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


COMPILED: tuple[tuple[Role, re.Pattern[str]], ...] = tuple(
    (role, re.compile(text, re.IGNORECASE)) for role, text in NAMES
)


RATE = re.compile(
    r"l_?r|eta|(?!.*(drop|leak|decay|keep|reg|noise)).*rate.*|step_?size|learning_?\w*",
    re.IGNORECASE,
)
"""The names of a learning rate that mean nothing else, as alpha may."""


TARGET_IN = re.compile(r"true|target|actual|label|expected|truth", re.IGNORECASE)
"""Parts of the names of targets, where an argument is these or the outputs."""

SIZE_IN: tuple[tuple[Role, re.Pattern[str]], ...] = (
    ("hidden", re.compile(r"hid|^h_?\d$", re.IGNORECASE)),
    ("inputs", re.compile(r"inp|feature|(^|_)in(_|$)", re.IGNORECASE)),
    ("outputs", re.compile(r"outp|class|label|(^|_)out(_|$)", re.IGNORECASE)),
)
"""Parts of the names of sizes, where the whole name says nothing."""

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
    return [*_roles_of(name, of_sizes=of_sizes)]


@lru_cache(maxsize=4096)
def _roles_of(name: str, *, of_sizes: bool) -> list[Role]:
    plain = name.strip("_")
    found: list[Role] = [role for role, pattern in COMPILED if pattern.fullmatch(plain)]
    sizes: list[Role] = [role for role in SIZES if role in found]
    others: list[Role] = [role for role in found if role not in SIZES]
    if ARRAY.fullmatch(plain):
        others.append("array")
    if of_sizes and not found:
        parts: list[Role] = [role for role, pattern in SIZE_IN if pattern.search(plain)]
        sizes += parts[:1]
    return [*sizes, *others] if of_sizes else [*others, *sizes]


def is_target(name: str) -> bool:
    """Return whether an argument of a loss is for the targets, and not for the outputs.

    Args:
        name: of the argument.
    """
    return "Y" in roles_of(name) or TARGET_IN.search(name) is not None
