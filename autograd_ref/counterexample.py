"""The smallest problem on which a gradient is wrong: Hypothesis searches for one and shrinks it."""

from collections.abc import Callable, Collection
from functools import partial
from random import Random
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import Flaky, NoSuchExample
from hypothesis.strategies import SearchStrategy
from numpy.typing import NDArray

from autograd_ref.assignment.small_problems import IMPORT, is_network, says, shrunk, small_problems
from autograd_ref.calls import random_state
from autograd_ref.calls.call import Gradients
from autograd_ref.calls.trial import DEFAULT, Options
from autograd_ref.check import examine, trial_of
from autograd_ref.observe.elsewhere import other_places
from autograd_ref.observe.observation import Observation
from autograd_ref.observe.side_effects import side_effects
from autograd_ref.observe.state.repeatability import changes
from autograd_ref.reference.choose import quiet
from autograd_ref.reference.protocol import Loss
from autograd_ref.report.behaviour import harmful, known
from autograd_ref.report.report import Report
from autograd_ref.user_code import Raised, as_raised, attempt

Search = SearchStrategy[tuple[Any, ...]]
Where = Literal["here", "nearby"]
Watch = Callable[[str], None]

SEARCH = settings(
    database=None,
    deadline=None,
    derandomize=False,
    phases=(Phase.generate, Phase.shrink),
    # a function may take its time, and nobody here filters
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much),
)


class Wishes(NamedTuple):
    """The loss and the options with which every problem is checked."""

    loss: Loss | None = None
    options: Options = DEFAULT


NONE = Wishes()


class Counterexample(NamedTuple):
    """A problem on which a gradient is wrong, raises or does harm, as small as could be found.

    Examples:
        >>> import numpy as np
        >>> from hypothesis import strategies as st
        >>> problems = st.integers(1, 9).map(lambda i: (np.array([float(i)]),))
        >>> def loss(x):
        ...     return (x**2).sum()
        >>> found = falsify(lambda x: 2 * np.minimum(x, 3.0), problems=problems, loss=loss)
        >>> found.report.verdict
        'mismatch'
        >>> print(found.code)
        import numpy as np
        from autograd_ref import check_gradients
        <BLANKLINE>
        parameters = np.array([4.0])
        print(check_gradients(gradients, parameters, loss=loss))
        <BLANKLINE>
    """

    arguments: tuple[Any, ...]
    """Parameters and data."""
    report: Report | None
    """The report of the check there; None where the function raises."""
    error: Exception | None
    says: str
    """The conclusion from the problem being no smaller; empty where there is none."""
    code: str
    """Python that shows it when pasted after the function, which it calls gradients."""

    @property
    def does_harm(self) -> bool:
        """True where no gradient is wrong and it raises nothing: a finding does harm."""
        return self.report is not None and self.report.verdict != "mismatch"

    @property
    def parameters(self) -> Any:
        """The first of the arguments."""
        return self.arguments[0]

    @property
    def X(self) -> NDArray[Any]:
        """The first of the data: the features of the built-in network, (S, N_I)."""
        return self.arguments[1]

    @property
    def Y(self) -> NDArray[Any]:
        """The second of the data: the targets of the built-in network."""
        return self.arguments[2]

    @property
    def shape(self) -> Any:
        """The shape of the built-in network; None for another model."""
        return self.parameters.shape if is_network(self.parameters) else None

    def __str__(self) -> str:
        """The report, the conclusion, and code that shows it."""
        happens = f"It raises {self.error!r}." if self.report is None else str(self.report)
        return "\n\n".join(part for part in (happens, self.says, self.code) if part)


def falsify(
    gradients: Gradients,
    *,
    max_examples: int = 200,
    seed: int = 0,
    problems: Search | None = None,
    loss: Loss | None = None,
    allow: Collection[str] = (),
    watch: Watch = lambda _phase: None,
) -> Counterexample | None:
    """Search for a problem on which a gradient is wrong, raises or does harm, and make it small.

    Args:
        gradients: the function under test, as for `check_gradients`.
        max_examples: how many problems to try before giving up; at least 1.
        seed: for the search.
        problems: a Hypothesis strategy of tuples (parameters, *data); by default small problems of
            the built-in network: W0 (N_H, N_I), b0 (N_H,), W1 (N_O, N_H), b1 (N_O,); X (S, N_I);
            labels Y (S,); every dimension at most 3.
        loss: as for `check_gradients`; a model other than the built-in network needs problems too.
        allow: kinds of findings that are accepted, as for `check_gradients`.
        watch: called at each problem with "search" or "shrink".

    Returns:
        The smallest counterexample found; None where there is none.

    Raises:
        TypeError, ValueError: an argument cannot be used; the message names it.

    Examples:
        >>> import numpy as np
        >>> from hypothesis import strategies as st
        >>> problems = st.integers(1, 9).map(lambda i: (np.array([float(i)]),))
        >>> def loss(x):
        ...     return (x**2).sum()
        >>> falsify(lambda x: 2 * x, problems=problems, loss=loss) is None
        True
        >>> found = falsify(lambda x: 2 * np.minimum(x, 3.0), problems=problems, loss=loss)
        >>> found.parameters
        array([4.])
    """
    _require_usable(max_examples, problems, loss)
    wishes = Wishes(loss, Options(allow=known(allow)))
    found: list[tuple[tuple[Any, ...], Where]] = []

    def condition(arguments: tuple[Any, ...]) -> bool:
        watch("shrink" if found else "search")
        where = where_wrong(gradients, arguments, wishes)
        # what is wrong at the problem itself shows more than what is so at one nearby
        if where is None or (found and found[-1][1] == "here" != where):
            return False
        if not found and not _is_confirmed(gradients, arguments, wishes):
            return False
        found.append((arguments, where))
        return True

    strategy = cast("Search", small_problems()) if problems is None else problems
    chosen = settings(SEARCH, max_examples=max_examples)
    try:
        with random_state.kept():
            smallest = as_raised(
                lambda: find(strategy, condition, settings=chosen, random=Random(seed))
            )
    except NoSuchExample:
        return None
    except Flaky:  # it keeps something from call to call, and is not wrong each time
        smallest = found[0][0]
    if loss is None:
        smallest = shrunk(
            lambda other: where_wrong(gradients, other, wishes) == found[-1][1], smallest
        )
    if not _is_confirmed(gradients, smallest, wishes):
        smallest = found[0][0]
    return _counterexample(gradients, smallest, wishes)


def _require_usable(max_examples: object, problems: Search | None, loss: Loss | None) -> None:
    if isinstance(max_examples, bool) or not isinstance(max_examples, int):
        raise TypeError(f"max_examples is {max_examples!r}; it needs to be an integer")
    if max_examples < 1:
        raise ValueError(f"max_examples is {max_examples}; it needs to be at least 1")
    if loss is not None and problems is None:
        raise TypeError(
            "problems is None; with a loss of your own it needs to be a Hypothesis strategy of"
            " (parameters, *data), for nobody else knows what fits your model"
        )


def where_wrong(
    gradients: Gradients, arguments: tuple[Any, ...], wishes: Wishes = NONE
) -> Where | None:
    """Where it raises, does harm, or is off by more than rounding explains: there, or nearby.

    A quick test, without the noise of errors and the independent check.
    """
    trial = trial_of(gradients, arguments[0], arguments[1:], *wishes)
    with quiet():
        for at in (trial.point, *(place.point for place in other_places(trial))):
            where: Where = "here" if at is trial.point else "nearby"
            exact = attempt(partial(trial.reference.evaluate, at))
            if isinstance(exact, Raised):  # not defined there
                continue
            there = trial._replace(point=at, exact=exact)
            calls = attempt(lambda there=there: (there.call(), there.call()))
            if isinstance(calls, Raised):
                return where
            first, again = calls
            # nobody asks whether its errors are noise, nor the independent check
            if _exceeds(Observation(there, first, repeatable=False)) or changes(first, again):
                return where
            kinds = [note.kind for note in side_effects((there, first), [(there, again)])]
            if any(harmful(kind, wishes.options.allow) for kind in kinds):
                return where
    return None


def _exceeds(call: Observation) -> bool:
    """True where the loss or a block is off by more than rounding explains."""
    quantities = [*call.blocks.values(), *([call.loss] if call.loss else [])]
    found = (quantity.comparison for quantity in quantities)
    return any(bool(one.form or one.not_finite) or one.beyond for one in found)


def _is_confirmed(gradients: Gradients, arguments: tuple[Any, ...], wishes: Wishes) -> bool:
    """True where the whole check confirms it."""
    report, _error = _checked(gradients, arguments, wishes, diagnose=False)
    return report is None or report.verdict == "mismatch" or bool(report.harmful)


def _checked(
    gradients: Gradients, arguments: tuple[Any, ...], wishes: Wishes, *, diagnose: bool
) -> tuple[Report | None, Exception | None]:
    def examined() -> Report:
        with quiet():
            trial = trial_of(gradients, arguments[0], arguments[1:], *wishes)
            return examine(trial, diagnose=diagnose)

    found = attempt(examined)
    return (None, found.error) if isinstance(found, Raised) else (found, None)


def _counterexample(
    gradients: Gradients, arguments: tuple[Any, ...], wishes: Wishes
) -> Counterexample:
    report, error = _checked(gradients, arguments, wishes, diagnose=True)

    def wrong(others: tuple[Any, ...]) -> bool:
        return where_wrong(gradients, others, wishes) is not None

    concluded = says(wrong, arguments) if wishes.loss is None else ""
    return Counterexample(arguments, report, error, concluded, as_code(arguments, wishes))


def as_code(arguments: tuple[Any, ...], wishes: Wishes = NONE) -> str:
    """Python that checks a function called gradients on these arguments."""
    others = "XY" if len(arguments) == 3 else [f"data_{i}" for i in range(1, len(arguments))]
    names = ["parameters", *others]
    lines = ["import numpy as np", "from autograd_ref import check_gradients"]
    if is_network(arguments[0]):
        lines.append(IMPORT)
    lines.append("")
    lines += [f"{n} = {literal(a)}" for n, a in zip(names, arguments, strict=True)]
    given = "" if wishes.loss is None else ", loss=loss"
    given += f", allow={wishes.options.allow!r}" if wishes.options.allow else ""
    lines.append(f"print(check_gradients(gradients, {', '.join(names)}{given}))")
    return "\n".join(lines) + "\n"


def literal(value: object) -> str:
    """Python for a nest of arrays, to the last bit."""
    if isinstance(value, np.ndarray):
        dtype = "" if value.dtype in (np.float64, np.int64) else f", dtype={value.dtype.name!r}"
        return f"np.array({value.tolist()!r}{dtype})"
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return "{" + ", ".join(f"{key!r}: {literal(item)}" for key, item in items) + "}"
    if isinstance(value, tuple) and hasattr(cast("object", value), "_fields"):
        fields = cast("Any", value)._asdict().items()
        inside = ", ".join(f"{name}={literal(field)}" for name, field in fields)
        return f"{type(cast('object', value)).__name__}({inside})"
    if isinstance(value, list | tuple):
        items = [literal(item) for item in cast("list[object]", value)]
        inside = ", ".join(items)
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(items) == 1)})"
    return repr(value)
