"""Hypothesis profiles: `dev` by default, `ci` for the same examples every time, `thorough`."""

import torch
from hypothesis import HealthCheck, Phase, settings

# Problems this small take longer on several threads, and many times as long on a busy machine.
torch.set_num_threads(1)

# A first call may load a library; a slow machine is no failure.
COMMON = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Climbing towards a target can take minutes, depending on constants that Hypothesis finds in the
# tests: where the size of a problem changes, it tries every part of it again.
QUICK = settings(COMMON, phases=set(Phase) - {Phase.target})

settings.register_profile("dev", QUICK, max_examples=60)
settings.register_profile("ci", QUICK, max_examples=600, derandomize=True)
settings.register_profile("thorough", COMMON, max_examples=10_000)
settings.load_profile("dev")
