"""Messages where no way was found, and the sizes that stand in the code."""

from collections.abc import Callable, Generator
from types import ModuleType

import pytest

from autograd_ref import adapt
from autograd_ref.adapting.sizes_in_code import stated_sizes
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.told import failures_in_words, nearest_attempt, ties_in_words
from autograd_ref.adapting.way_search import Wanted, place_of, search
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import forget, module_of

Modules = Callable[..., ModuleType]


@pytest.fixture
def of_text() -> Generator[Modules]:
    """Makes a module of a text, which is forgotten afterwards."""
    yield module_of
    forget()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no way was found to call it for a gradient; write gradients(parameters, X, Y)"),
        ("def backward(X, Y):\n    return 3", "backward(X, np.eye(N_O)[Y]) runs, and returns"),
        ("def backward(X, Y):\n    raise ValueError('no')", "raises ValueError: no"),
        ("def backward(X, Y, colour, size, form): ...", "no way was found"),
    ],
)
def test_what_has_no_gradient_is_refused_with_what_was_tried(
    text: str, words: str, of_text: Modules
) -> None:
    """Calls that ran are told before those that raised."""
    with pytest.raises(ValueError, match="no way was found") as raised:
        _ = adapt(of_text(text + "\nW1, W2 = np.ones((5, 7)), np.ones((7, 2))"))
    assert words in str(raised.value)


@pytest.mark.untraced
def test_the_attempt_that_got_furthest_is_told(of_text: Modules) -> None:
    """The one that ran, before the one that raised; none where nothing was tried."""
    text = "def backward(theta, X, Y):\n    return X @ theta\n"
    module = of_text(text)
    outcome = search(module, problems(), Wanted(sizes=((5, 7, 2),)))
    last = nearest_attempt(outcome)
    assert last is not None
    assert place_of(last.error) is not None
    assert [*failures_in_words(outcome)]
    nothing = search(module, problems(), Wanted(name="other"))
    assert nearest_attempt(nothing) is None


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("layers = [4, 6, 3]", ((4, 6, 3),)),
        ("layers = ['a', 'b']", ()),
        ("n_in, n_hidden, n_out = 4, 6, 3", ((4, 6, 3),)),
        ("n_in, n_hidden = 4, 6", ()),
        ("n_in, n_hidden, n_out = True, 6, 3", ()),
        ("n_in, n_hidden, n_out = 0, 6, 3", ()),
        ("counts = [0, 0, 0]", ()),
        ("n, h, k = 0, 1, 3", ()),
        ("n, h, k = 4, 6, 3", ()),
        ("n, h, k = 4, 6, 3\nprint('{}'.format(n, h), h, k)", ()),
        ("d, h, k = 4, 6, 3\nW = np.zeros((d, h))\nfolds = [*range(k)]", ()),
        ("n, h, k = 4, 6, 3\nU, V = np.zeros((n, h)), np.zeros((h, k))", ((4, 6, 3),)),
        ("N, D, h, k = 9, 4, 6, 3\nU, V = np.zeros((D, h)), np.zeros(shape=(k, h))", ((4, 6, 3),)),
        (
            "n, h, k = 4, 6, 3\nw = [[[0] * n for _ in range(h)], [[0] * h for _ in range(k)]]",
            ((4, 6, 3),),
        ),
        ("n, hidden, k = 4, 6, 3\ndef f(X): assert X.shape[::-1] == (n, hidden), k", ()),
        ("n, h, k = 4, 6, 3\ndef f(X): assert (n, h, k) == X.shape", ((4, 6, 3),)),
    ],
)
def test_sizes_that_stand_in_the_code_are_taken(
    text: str, sizes: tuple[tuple[int, ...], ...], of_text: Modules
) -> None:
    """In a list, or each under its name; one of one letter needs to be used as a size."""
    assert stated_sizes(of_text(text)) == sizes


def test_a_way_is_no_tie_of_itself(of_text: Modules) -> None:
    """It may be found twice: with a forward pass before it, and without."""
    text = """
def forward(X, W1, W2):
    return np.tanh(X @ W1) @ W2

def backward(X, Y, W1, W2):
    h = np.tanh(X @ W1)
    d = h @ W2 - Y
    return X.T @ (d @ W2.T * (1 - h * h)), h.T @ d
"""
    meant = architecture((5, 7, 2), activation="tanh", loss="sse")
    outcome = search(of_text(text), problems(meant), Wanted())
    assert outcome.best is not None
    again = outcome._replace(ties=(*outcome.ties, outcome.best))
    assert ties_in_words(again) == ""
