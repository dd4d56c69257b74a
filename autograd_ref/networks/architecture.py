"""A network and its loss: its parameters, what it is in words, the options that choose it."""

from typing import NamedTuple

from autograd_ref.networks.choices import (
    USUAL_LOSS,
    USUAL_MEAN,
    USUAL_OUTPUT,
    Activation,
    LossName,
    Output,
    Penalised,
    Reduction,
    default_reduction,
)

IN_WORDS: dict[LossName, str] = {
    "cross-entropy": "cross-entropy",
    "binary-cross-entropy": "binary cross-entropy",
    "mse": "squared error",
    "half-mse": "half the squared error",
    "sse": "half the squared error",
}
OVER: dict[Reduction, str] = {
    "sum": "summed over samples and outputs",
    "mean-over-samples": "summed over outputs, averaged over samples",
    "mean-over-entries": "averaged over samples and outputs",
}
OVER_SAMPLES: dict[Reduction, str] = {
    "sum": "summed over samples",
    "mean-over-samples": "averaged over samples",
    "mean-over-entries": "averaged over samples, and divided by the number of outputs",
}
"""For a loss that is one number for each sample."""


class Architecture(NamedTuple):
    """A network and its loss; `architecture` makes one, with defaults, and refuses what is none."""

    sizes: tuple[int, ...]
    """N_I, the sizes of the hidden layers, N_O."""
    activation: Activation
    """The function of every hidden layer."""
    output: Output
    loss: LossName
    reduction: Reduction
    l2: float
    """The penalty is l2/2 times the sum of the squares."""
    l2_over_samples: bool
    """True where the penalty is divided by the number of samples as well."""
    l2_of: Penalised
    """The parameters that are squared for the penalty: the weights, or the biases as well."""
    bias: bool

    @property
    def layers(self) -> range:
        """The numbers of the layers, as in W0, W1."""
        return range(len(self.sizes) - 1)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the parameters, by their names."""
        found: dict[str, tuple[int, ...]] = {}
        for layer in self.layers:
            n_in, n_out = self.sizes[layer : layer + 2]
            found[f"W{layer}"] = n_out, n_in
            if self.bias:
                found[f"b{layer}"] = (n_out,)
        return found

    @property
    def mean(self) -> Reduction:
        """The reduction, with the meaning of "mean" for this loss in its place."""
        return USUAL_MEAN[self.loss] if self.reduction == "mean" else self.reduction

    @property
    def options(self) -> str:
        """The command-line options that choose it; empty for the defaults."""
        said: list[str] = []
        if self.activation != "softplus" and len(self.layers) > 1:
            said.append(f"--activation {self.activation}")
        usual = self.loss == USUAL_LOSS[self.output]
        if self.output != USUAL_OUTPUT[self.loss] or self.output == "sigmoid":
            said.append(f"--output {self.output}")
        if not usual or self.output == "linear":
            said.append(f"--loss {self.loss}")
        if self.reduction != default_reduction(self.loss):
            said.append(_reduction_option(self.reduction))
        if self.l2:
            said.append(f"--l2 {self.l2:.12g}" + "/S" * self.l2_over_samples)
            said.extend(["--l2-of all"] * (self.l2_of == "all"))
        if not self.bias:
            said.append("--no-bias")
        return " ".join(said)

    def __str__(self) -> str:
        """Return it in words."""
        said = [f"{self.activation} in hidden layers"] if len(self.layers) > 1 else []
        said.append(f"{self.output} outputs")
        said.append(self.loss_in_words)
        if self.l2:
            said.append(self.penalty_in_words)
        if not self.bias:
            said.append("no biases")
        return ", ".join(said)

    @property
    def loss_in_words(self) -> str:
        """The loss without its penalty, and what it is summed or averaged over."""
        one_a_sample = self.loss == "cross-entropy" or self.sizes[-1] == 1
        over = OVER_SAMPLES if one_a_sample else OVER
        return f"{IN_WORDS[self.loss]} {over[self.mean]}"

    @property
    def penalty_in_words(self) -> str:
        """The penalty, as a formula."""
        samples = "S" if self.l2_over_samples else ""
        of = "squared weights and biases" if self.l2_of == "all" else "squared weights"
        return f"a penalty of {self.l2:.12g}/{f'(2{samples})' if samples else 2} times the {of}"


def _reduction_option(reduction: Reduction) -> str:
    if reduction == "sum":
        return "--sum"
    return f"--mean-over {reduction.removeprefix('mean-over-')}"
