"""The report that users hold: the data, and what shows them."""

from autograd_ref.report.data import ReportData
from autograd_ref.report.html import as_html
from autograd_ref.report.text import as_dict, as_json, as_text, sentence


class Report(ReportData):
    """What a check found; `print` it, or read its fields."""

    def __str__(self) -> str:
        """The report in 80 columns, the verdict first."""
        return as_text(self)

    def __repr__(self) -> str:
        """The verdict in one line."""
        return f"<{type(self).__name__}: {sentence(self)}>"

    def to_dict(self) -> dict[str, object]:
        """The report in plain types, by the schema of `autograd_ref.report.text`."""
        return as_dict(self)

    def to_json(self) -> str:
        """`to_dict` as strict JSON, without NaN or Infinity tokens."""
        return as_json(self)

    def _repr_html_(self) -> str:
        """The report as HTML, for notebooks."""
        return as_html(self)
