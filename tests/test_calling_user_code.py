"""An exception of the user's code is told from one of our own."""

import pytest

from autograd_ref.user_code import RERAISE, Raised, UserCodeRaised, as_raised, attempt, user_code


def theirs() -> float:
    with user_code():
        raise ValueError("not defined here")


def test_what_their_code_raises_is_caught_where_a_result_is_attempted() -> None:
    found = attempt(theirs)
    assert isinstance(found, Raised)
    assert isinstance(found.error, ValueError)
    assert attempt(lambda: 3.0) == 3.0


def test_what_we_raise_is_never_caught() -> None:
    def ours() -> float:
        raise NameError("a typo of ours")

    with pytest.raises(NameError):
        _ = attempt(ours)


def test_marked_once_is_marked() -> None:
    def nested() -> None:
        with user_code():
            _ = theirs()

    found = attempt(nested)
    assert isinstance(found, Raised)
    assert isinstance(found.error, ValueError)


def test_at_the_edge_it_is_raised_as_it_was() -> None:
    with pytest.raises(ValueError, match="not defined here") as caught:
        _ = as_raised(theirs)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert caught.traceback[-1].name == "theirs", "its own line comes last"


def test_a_context_of_their_own_survives() -> None:
    def chained() -> None:
        with user_code():
            try:
                _ = {}["W"]
            except KeyError as error:
                raise TypeError("no such parameter") from error

    with pytest.raises(TypeError) as caught:
        as_raised(chained)
    assert isinstance(caught.value.__cause__, KeyError)
    assert isinstance(caught.value.__context__, KeyError)


def test_an_interrupt_is_nobodys_exception() -> None:
    def interrupted() -> None:
        with user_code():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _ = attempt(interrupted)


def test_a_switch_lets_everything_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RERAISE, "1")
    with pytest.raises(UserCodeRaised, match="ValueError: not defined here"):
        _ = attempt(theirs)
