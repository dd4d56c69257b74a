"""The names of functions and methods, by what they do."""

import re

FORWARD = re.compile(
    r"_?((l|deep|full|nn|net|network|mlp|do|my)?_?(model|nn|net|network)?_?)"
    r"(forward|feed_?forward|fwd|f_?prop|predict_?proba|predict|compute_outputs?|evaluate_?classifier)"
    r"(_?(prop|propagation|propagate|pass|step|full|propogation|model|all))?",
    re.IGNORECASE,
)
"""The names of what computes the outputs."""


BACKWARD = re.compile(
    r"_?(compute|get|calc|calculate|do|l|deep|full|nn|net|network|mlp|loss_and|cost_and)?_?(model|nn|net)?_?"
    r"(back_?ward|back_?prop|b_?prop|bwd|grads?|gradients?|cost_?function_?prime|backpropagate)"
    r"(_?(prop|propagation|propagate|pass|step|full|propogation|agation|ate|s|model|all))*",
    re.IGNORECASE,
)
"""The names of what computes gradients."""


GRADIENT_IN = re.compile(
    r"grad|back_?p|backw|deriv|slope|jacob|nabla|adjoint|sensitiv|retro"
    r"|atr[aá]s|arri[eè]re|r(ü|u|ue)ckw|indietro",
    re.IGNORECASE,
)
"""Parts of the names of functions that compute gradients."""


LOSS = re.compile(
    r"_?(nn_?|softmax_?|svm_?)?(loss|cost|objective|error)(_?(function|func|fn|fun|and|with|vectorized|reg|value"
    r"|grads?|gradients?|grad))*|f_and_g|fun|value_and_grad(ients?)?|forward_?(and_?)?backward",
    re.IGNORECASE,
)
"""The names of what computes a loss, perhaps with gradients."""


OWN_LOSS = re.compile(r"loss|cost|objective|error|energy|^_?j$", re.IGNORECASE)
"""Parts of the names of what computes the loss alone."""


UPDATE = re.compile(
    r"(partial_?)?(train|fit|step|update|learn|sgd|gd|gradient_descent|optimi[sz]e|adjust|apply|descend)"
    r"(_?(step|on_?batch|batch|one|epoch|mini_?batch|once|parameters|params|network|model|weights|sample|gradients?|grads|deltas?|updates?|all))*",
    re.IGNORECASE,
)
"""The names of what updates parameters."""


APPLIED = re.compile(r"update|step|appl(y|ies)|descen[dt]|optimi[sz]e|adjust|sgd", re.IGNORECASE)
"""Parts of the names of what moves parameters by a gradient that is there already."""


PART = re.compile(
    r"(linear|affine|activation|relu|sigmoid|tanh|softmax|layer|dense|fc|leaky_?relu)_.*"
    r"|.*_(single|layer|affine|relu|sigmoid|softmax|dense)(_(forward|backward))?|(d|der(iv)?)_?(relu|sigmoid|tanh).*"
    r"|.*_(prime|derivative)|.*numerical.*|.*(num|approx|finite)\w*_?(grad|diff).*|.*check.*",
    re.IGNORECASE,
)
"""The names of what is done in one layer, or to compare."""


MAKER = re.compile(
    r"_?(.*init|make|create|new|start|get_initial|random|setup|build)", re.IGNORECASE
)
"""The beginnings of the names of what makes parameters."""


DRAWN = re.compile(r"rand\w*|normal|uniform|default_rng|standard_normal|zeros|ones|full|empty")
"""The names of what makes initial parameters."""


OUTSIDE = re.compile(
    r"_?(remove|unlink|rm(tree|dir)|delete|clean|clear|save|dump|write|open|system|popen|input"
    r"|download|urlretrieve|mkdir|makedirs|rename|replace|show|exit|main)\w*",
    re.IGNORECASE,
)
"""The names of what reaches out of a program: files, the screen, the network."""


ADDS = re.compile(r"(add|append|push|insert|attach|stack)(_?(layer|module))?", re.IGNORECASE)
"""The names of methods that take one layer after the other."""
