"""A report as HTML, for notebooks and files: no scripts, nothing loaded, every text escaped."""

from autograd_ref.report.html.fragment import as_html
from autograd_ref.report.html.page import as_page, document

__all__ = ["as_html", "as_page", "document"]
