"""Functions that somebody's code calls in a row: a pass, a pass back, an update, of any names."""

from collections.abc import Generator
from types import ModuleType

import numpy as np
import pytest

from autograd_ref.adapting.adapted import adapted
from autograd_ref.adapting.building.blocks import called_before
from autograd_ref.adapting.building.instances import in_instances, lines_that_make
from autograd_ref.adapting.building.own_statements import instances_built
from autograd_ref.adapting.calling.entries_in_code import entries
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.way_search import Wanted, search
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import forget, module_of

SSE = architecture((5, 7, 2), activation="sigmoid", output="sigmoid", loss="sse")

UNITS = """
from math import exp
from random import random
def faz(n_in, n_hid, n_out):
    def unidade(n): return {"pesos": [random() for _ in range(n + 1)]}
    return [[unidade(n_in) for _ in range(n_hid)], [unidade(n_hid) for _ in range(n_out)]]
def custo(rede, linha, alvo):
    entradas = linha
    for camada in rede:
        for u in camada:
            soma = u["pesos"][-1] + sum(w * x for w, x in zip(u["pesos"], entradas))
            u["saida"] = 1 / (1 + exp(-soma))
        entradas = [u["saida"] for u in camada]
    return sum((s - t) ** 2 for s, t in zip(entradas, alvo)) / 2
def volta(rede, alvo):
    for i, camada in reversed(list(enumerate(rede))):
        for j, u in enumerate(camada):
            if i == len(rede) - 1:
                erro = u["saida"] - alvo[j]
            else:
                erro = sum(v["pesos"][j] * v["delta"] for v in rede[i + 1])
            u["delta"] = erro * SLOPE
def move(rede, linha, taxa):
    for i in range(len(rede)):
        entradas = linha if i == 0 else [u["saida"] for u in rede[i - 1]]
        for u in rede[i]:
            for j in range(len(entradas)):
                u["pesos"][j] -= taxa * u["delta"] * entradas[j]
            u["pesos"][-1] -= taxa * u["delta"]
def treina(rede, dados, alvos, taxa):
    for linha, alvo in zip(dados, alvos):
        total = custo(rede, linha, alvo)
        volta(rede, alvo)
        move(rede, linha, taxa)
"""


@pytest.fixture(autouse=True)
def nothing_is_left() -> Generator[None]:
    """Each text is another module of the same name."""
    yield
    forget()


@pytest.mark.parametrize(
    ("slope", "right"), [('u["saida"] * (1 - u["saida"])', True), ('(1 - u["saida"])', False)]
)
def test_an_update_is_called_after_what_the_code_calls_before_it(slope: str, right: bool) -> None:
    """The cost first, which runs the network, then the pass back."""
    outcome = search(module_of(UNITS.replace("SLOPE", slope)), problems(SSE), Wanted("move"))
    assert outcome.best is not None
    assert outcome.best.is_right == right
    assert [line.partition("(")[0] for line in outcome.best.program.calls] == [
        "cache = custo",
        "volta",
        "result = move",
    ]


def test_what_is_called_before_is_told_row_by_row() -> None:
    """Calls for a value, and such as are inside others, are none of a row."""
    module = module_of(
        "def run(x):\n    a = first(x)\n    x = x + 1\n    second(a)\n    last(a)\n"
        "for x in ():\n    last(x)\n"
        "def again(x):\n    return other(last(x))\n"
    )
    assert called_before(module, "last") == [("first", "second")]
    assert called_before(module, "second") == [("first",)]
    assert called_before(module, "first") == []
    assert not called_before(ModuleType("nowhere"), "last")


def test_what_makes_parameters_is_in_no_row() -> None:
    module = module_of(
        "def init_all(n): return n\ndef look(W): return W\ndef pull(W): return W\n"
        "def run(n):\n    W = init_all(n)\n    look(W)\n    pull(W)\n"
    )
    (pull,) = (one for one in entries(module) if one.name == "pull")
    assert all(len(chain) == 1 for chain in pull.chains)


BUILT = """
import numpy as np
class Ag:
    def __init__(self, *parts): self.parts = parts
    def ogren(self, X, y): raise RuntimeError("it trains")
if __name__ == "__main__":
    X = np.ones((3, 2))
    ag = Ag(4, 5)
    ag.ogren(X, X)
    print(ag)
"""


def test_a_call_that_is_given_inputs_is_no_part_of_building_a_network() -> None:
    """It trains, whatever its name."""
    assert [*instances_built(module_of(BUILT), "Ag", (5, 7, 2))] == ["net = Ag(4, 5)"]


OWN_PENALTY = """
import numpy as np
class Lag:
    def __init__(self, n_in, n_out, own_l2=0.0):
        self.W, self.b = np.random.randn(n_in, n_out), np.zeros(n_out)
        self.own_l2 = own_l2
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, d):
        self.dW, self.db = self.x.T @ d + self.own_l2 * self.W, d.sum(0)
        return d @ self.W.T
class Tan:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y
    def backward(self, d): return d * (1 - self.y ** 2)
class Net:
    def __init__(self, *layers): self.layers = layers
    def forward(self, x):
        for one in self.layers: x = one.forward(x)
        return x
    def backward(self, d):
        for one in reversed(self.layers): d = one.backward(d)
def mse_prime(p, t): return p - t
if __name__ == "__main__":
    net = Net(Lag(5, 7, own_l2=0.0), Tan(), Lag(7, 2))
"""


@pytest.mark.untraced
def test_a_penalty_of_their_own_statements_is_no_argument_of_the_adapter() -> None:
    """Its name ends as that of the argument, and its value is in the text."""
    network = architecture((5, 7, 2), activation="tanh", output="linear", loss="sse")
    outcome = search(module_of(OWN_PENALTY), problems(network), Wanted("Net.backward"))
    assert outcome.best is not None
    assert outcome.best.is_right
    one = adapted(outcome.best, network, "theirs")
    problem = problems(network)((5, 7, 2))
    assert "own_l2=0.0" in "\n".join(one.source.lines)
    assert set(one(problem.parameters, problem.X, np.eye(2)[problem.Y])) == set(problem.parameters)


MAKERS = """
class Ag:
    def __init__(self, n_in, n_hidden, n_out): self.sizes = n_in, n_hidden, n_out
    def init_all(self, one, two, three, four): ...
    def pull(self, X, y): ...
class Given:
    def __init__(self, W1, b1, W2, b2, one, two, three, four): self.W1 = W1
    def pull(self, X, y): ...
"""


def test_what_needs_more_than_there_is_makes_no_parameters() -> None:
    """Four arguments of no telling name are neither sizes nor arrays."""
    found = {one.name: one for one in entries(module_of(MAKERS))}
    known = Known("X", "Y", sizes=(5, 7, 2))
    assert [*lines_that_make(found["Ag.pull"], known)] == ["net = Ag(N_I, N_H, N_O)"]
    problem = problems(SSE)((5, 7, 2))
    assert [*in_instances(found["Given.pull"], known, problem, "")] == []
