"""Hypothesis profiles: `dev` by default, `ci` for the same examples every time, `thorough`."""

from hypothesis import HealthCheck, settings

# A first call may load a library; a slow machine is no failure.
COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("dev", max_examples=60, **COMMON)
settings.register_profile("ci", max_examples=600, derandomize=True, **COMMON)
settings.register_profile("thorough", max_examples=10_000, **COMMON)
settings.load_profile("dev")
