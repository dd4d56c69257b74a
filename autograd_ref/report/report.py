"""The report that users get: its fields, and how it is shown."""

from autograd_ref.report.data import ReportData
from autograd_ref.report.html import as_html
from autograd_ref.report.plain import as_dict, as_json
from autograd_ref.report.sentences import verdict_sentence
from autograd_ref.report.taylor.remainders import Taylor
from autograd_ref.report.text import as_text
from autograd_ref.report.words import printable


class Report(ReportData):
    """The result of a check; print it, or read its fields.

    Attributes:
        verdict: "match", "mismatch" or "inconclusive", over the loss and all blocks.
        passed: True for a match without a finding that does harm, except those that are allowed.
        blocks: one comparison for every array of the parameters, in their order.
        loss: the comparison of the loss; None where the function returns none.
        causes: mistakes that explain what is wrong, each with its fix, the simplest first.
        pattern: where the errors are, when no known mistake explains them.
        witness: the independent check by numerical derivatives, made where gradients differ.
        findings: side effects of the function under test.
        harmful: those of them that do harm and are not allowed.
        allowed: the kinds of findings that the caller accepts.
        warnings: weaknesses of the check itself.
        not_checked: what the check did not look at.
        reference: the reference gradient, in a few words.
        steps: quantities that the function returns, each judged on those that it is computed from.
        intermediates: the steps without the gradients by the parameters.
        shares: error / tolerance of every entry, 1 allowed, by the name of the block.
        power: the known mistakes that this check would have shown; None without a catalogue.

    >>> import numpy as np
    >>> from autograd_ref import check_gradients
    >>> parameters = {"w": np.array([1.0, 2.0])}
    >>> def gradients(p):
    ...     return {"w": 1 * p["w"]}
    >>> report = check_gradients(gradients, parameters, loss=lambda p: (p["w"] ** 2).sum())
    >>> report
    <Report: Mismatch: w is wrong.>
    >>> report.blocks[0].norm_ratio
    0.5
    """

    def __str__(self) -> str:
        """Return the report as text in 80 columns, the verdict first."""
        return as_text(self)

    def __repr__(self) -> str:
        """Return the verdict in one line."""
        return printable(f"<{type(self).__name__}: {verdict_sentence(self)}>")

    def taylor(self, seed: int = 0) -> Taylor:
        """Return the Taylor test of the gradient: the loss of the reference along a direction.

        Args:
            seed: for the direction, in which every entry moves in proportion to its size.

        Returns:
            the remainders, their slopes, a text and a figure; they are computed at each call.

        Raises:
            ValueError: no gradient has the form of its parameter, or the report comes from another
                process, where the loss is.
        """
        if self.remainders is None:
            raise ValueError(
                "the report was copied from another process, and the loss was not: call taylor()"
                " where the check was made"
            )
        return self.remainders(seed)

    def to_dict(self) -> dict[str, object]:
        """Return the report in plain types, by the schema of `autograd_ref.report.plain`."""
        return as_dict(self)

    def to_json(self) -> str:
        """Return `to_dict` as strict JSON, without NaN or Infinity tokens."""
        return as_json(self)

    def _repr_html_(self) -> str:
        """Return the report as HTML, for notebooks."""
        return as_html(self)
