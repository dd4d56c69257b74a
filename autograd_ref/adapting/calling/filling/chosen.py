"""Arguments that choose the activation, the outputs or the loss: "relu", relu, ReLU()."""

import inspect
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import ModuleType

from autograd_ref.adapting.by_name.code_of import Function, parameters_of, undecorated
from autograd_ref.adapting.by_use.texts_compared import called_otherwise, texts_compared
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choices import LOSSES

NAMES: Mapping[str, str] = {
    "softplus": "softplus",
    "sigmoid": "(log)?sig(moid)?|logistic(sigmoid)?|expit",
    "tanh": "tanh|tanhyp|hyperbolic(tangent)?",
    "relu": "relu|rectified(linear)?|rectifier",
    "leaky-relu": "l(eaky)?relu",
    "gelu": "gelu",
    "silu": "silu|swish",
    "linear": "linear|identity|none|id|lin",
    "softmax": "(stable)?softmax",
    "cross-entropy": "(softmax)?(categorical|multiclass)?(crossent(ropy)?|ce|nll|xent|logloss)",
    "binary-cross-entropy": "b(inary)?(crossent(ropy)?|ce)|logloss|logistic",
    "mse": "mse|(mean)?squared?(error)?|l2|quadratic|sse|rss",
}
"""The names of functions in the code of others, without case and lines between words."""

SAME: Mapping[str, str] = {"half-mse": "mse", "sse": "mse", "gelu-tanh": "gelu"}
"""Choices that go by the name of another one."""

ENDS = re.compile(r"(activation|function|func|fn|layer|loss|cost|error)$")
"""Words that may follow the name of a function."""

SLOPE = re.compile(
    r"(_?(prime|deriv(ative|ate)?|grad(ient)?|backward|dash|diff))$|^(d|deriv|grad|derivative(_of)?)_|^d(?=[a-z]{3})",
    re.IGNORECASE,
)
"""Prefixes and suffixes in the name of a derivative."""

ACTIVATION = re.compile(
    r"((hidden|out(put)?|last|final)_?)?(layers?_?)?(act(iv(ation)?)?|non_?lin(earity)?)s?"
    r"(_?(fn|func(tion)?|f|name|type))?",
    re.IGNORECASE,
)
"""The names of arguments for an activation."""

OF_OUTPUTS = re.compile(r"(^|_)(out|output|last|final)", re.IGNORECASE)
OF_LOSS = re.compile(r"loss|cost|criterion|objective", re.IGNORECASE)


def chosen(function: Function, one: inspect.Parameter, network: Architecture | None) -> str:
    """Return what is given for an argument that chooses an activation, the outputs or the loss.

    A text where the code compares it with texts: the one for the network that is meant, else the
    first if the argument has no default. A function or a class of the same file otherwise.

    Args:
        function: a function or a class.
        one: the argument.
        network: the one that is meant; None where that is not known.
    """
    module = inspect.getmodule(undecorated(function))
    if module is None:
        return ""
    needed = one.default is one.empty
    wanted = _wanted(one.name, network)
    texts = texts_compared(module, one.name)
    if texts:
        same = [text for text in texts if wanted and is_named(text, wanted)]
        others = called_otherwise(module, one.name) if needed and wanted and not same else ()
        same += [wanted] * any(is_named(name, wanted) for name in others)
        return repr([*same, *texts][0]) if same or needed else ""
    return _object(module, function, one.name, wanted) if needed and network is not None else ""


def is_named(text: str, choice: str) -> bool:
    """Return whether a name is one of those that a choice goes by.

    Args:
        text: the name in the code of others.
        choice: one of the names of activations, outputs or losses.
    """
    plain = re.sub(r"[\W_]", "", text).lower()
    pattern = NAMES[SAME.get(choice, re.sub(r"-0\.\d+$", "", choice))]
    return any(re.fullmatch(pattern, one) for one in (plain, ENDS.sub("", plain)))


def _wanted(argument: str, network: Architecture | None) -> str:
    """The choice of a network that an argument is for, by its name."""
    if network is None:
        return ""
    if OF_LOSS.search(argument):
        return network.loss
    return network.output if OF_OUTPUTS.search(argument) else network.activation


def _object(module: ModuleType, function: Function, argument: str, wanted: str) -> str:
    """The function, or an instance of the class, of a file for an argument; empty for none.

    Where the file has not that of the network that is meant, it is the first. A derivative is that
    of the same function; None for softmax, whose own is that of the loss.
    """
    plain = SLOPE.sub("", argument)
    of_loss = OF_LOSS.search(plain) is not None
    if not (of_loss or ACTIVATION.fullmatch(plain)):
        return ""
    both = any(SLOPE.sub("", one.name) == plain != one.name for one in parameters_of(function))
    others = [name for name in NAMES if (name in LOSSES) == of_loss]
    for choice in (wanted, *others):
        value, slope = _named_in(module, choice, False), _named_in(module, choice, True)
        slope = slope or "None" * (choice == "softmax")
        if value and (slope or not both):
            return slope if plain != argument else value
    return ""


@lru_cache(maxsize=64)
def _named_in(module: ModuleType, choice: str, slope: bool) -> str:
    """The expression for the first function or class of a file for a choice, or its derivative."""
    return next(
        (
            text
            for name, is_slope, text in _functions(module)
            if is_slope == slope and is_named(name, choice)
        ),
        "",
    )


def _functions(module: ModuleType) -> Iterator[tuple[str, bool, str]]:
    for name, value in vars(module).items():
        plain = SLOPE.sub("", name)
        own = getattr(value, "__module__", None) == module.__name__
        if own and isinstance(value, type):
            yield name, False, f"{name}()"
        elif own and inspect.isfunction(value):
            yield plain, plain != name, name
