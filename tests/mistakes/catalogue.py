"""Every planted mistake that is not one of value alone, by one sentence of its own.

Those of value are `autograd_ref.mistakes`; what is said of them is in `test_diagnosis.py`.
"""

from tests.mistakes.case import Mistake
from tests.mistakes.checks import CHECKS
from tests.mistakes.memory import MEMORY
from tests.mistakes.names import NAMES
from tests.mistakes.numerics import NUMERICS
from tests.mistakes.regularised import REGULARISED
from tests.mistakes.state import STATE

PARTS = [STATE, MEMORY, NAMES, REGULARISED, NUMERICS, CHECKS]
MISTAKES: dict[str, Mistake] = {name: m for part in PARTS for name, m in part.items()}
