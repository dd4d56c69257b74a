"""Predator and prey (Lotka-Volterra) by explicit Euler steps; rates as log parameters, unknown
start, least squares on log counts.
"""

from typing import Any

import numpy as np
import torch
from numpy.random import Generator

DT, STEPS, EVERY = 0.25, 6, 2


def point(random: Generator) -> Any:
    parameters = {
        "log_rates": np.log([1.1, 0.5, 0.8, 0.3]) + 0.2 * random.normal(size=4),
        "start": random.uniform(1.0, 2.5, size=2),
    }
    observed = random.uniform(0.6, 3.0, size=(STEPS // EVERY, 2))
    return parameters, (observed,)


def loss(parameters: Any, observed: Any) -> Any:
    alpha, beta, gamma, delta = parameters["log_rates"].exp()
    prey, predator = parameters["start"]
    value = torch.zeros((), dtype=observed.dtype)
    for step in range(STEPS):
        eaten = beta * prey * predator
        prey_rate = alpha * prey - eaten
        predator_rate = delta * prey * predator - gamma * predator
        prey, predator = prey + DT * prey_rate, predator + DT * predator_rate
        if (step + 1) % EVERY == 0:
            state = torch.stack([prey, predator])
            error = torch.log(state) - torch.log(observed[step // EVERY])
            value = value + (error**2).sum()
    return value


def gradients(parameters: Any, observed: Any, mistake: str | None = None) -> Any:
    alpha, beta, gamma, delta = rates = np.exp(parameters["log_rates"])
    states = [parameters["start"]]
    for _ in range(STEPS):
        x, y = states[-1]
        x_new = x + DT * (alpha * x - beta * x * y)
        if mistake == "semi-implicit step":
            y_new = y + DT * (delta * x_new * y - gamma * y)
        else:
            y_new = y + DT * (delta * x * y - gamma * y)
        states.append(np.array([x_new, y_new]))

    lam = np.zeros(2)  # adjoint state
    d_rates = np.zeros(4)
    for step in range(STEPS - 1, -1, -1):
        after = states[step + 1]
        if (step + 1) % EVERY == 0 and not (
            mistake == "only the last observation" and step + 1 < STEPS
        ):
            error = np.log(after) - np.log(observed[step // EVERY])
            jump = 2 * error if mistake == "derivative of the log forgotten" else 2 * error / after
            lam = jump if mistake == "adjoint overwritten at an observation" else lam + jump
        x, y = after if mistake == "state after the step" else states[step]
        if mistake == "rates of the first step only":
            d_rates = DT * np.array([lam[0] * x, -lam[0] * x * y, -lam[1] * y, lam[1] * x * y])
        else:
            d_rates = d_rates + DT * np.array(
                [lam[0] * x, -lam[0] * x * y, -lam[1] * y, lam[1] * x * y]
            )
        jacobian = np.array([[alpha - beta * y, -beta * x], [delta * y, delta * x - gamma]])
        if mistake == "coupling left out of the jacobian":
            jacobian = np.diag(np.diag(jacobian))
        if mistake == "jacobian not transposed":
            lam = lam + DT * jacobian @ lam
        elif mistake == "identity of the Euler step forgotten":
            lam = DT * jacobian.T @ lam
        else:
            lam = lam + DT * jacobian.T @ lam
    if mistake != "chain factor of the log rates":
        d_rates = d_rates * rates
    return {"log_rates": d_rates, "start": lam}


MISTAKES: dict[str, tuple[str, str]] = {
    "semi-implicit step": (
        "prey, predator = prey + DT",
        "the predator's step uses the prey already updated: a semi-implicit step instead of "
        "the explicit one (forward pass)",
    ),
    "only the last observation": (
        "value = value +",
        "only the last observation's error is differentiated, those of the earlier steps are "
        "missing",
    ),
    "derivative of the log forgotten": (
        "torch.log(state)",
        "the derivative of the logarithm, 1/state, is missing",
    ),
    "adjoint overwritten at an observation": (
        "value = value +",
        "at an observation the adjoint is set (=) and not added to (+=): what comes from "
        "later steps is lost",
    ),
    "state after the step": (
        "prey, predator = prey + DT",
        "the derivatives of a step are taken at the state after it instead of before it: off "
        "by one in time",
    ),
    "rates of the first step only": (
        "predator + DT * predator_rate",
        "in the loop the rates' gradient is set (=) and not accumulated (+=): only the first "
        "step counts",
    ),
    "coupling left out of the jacobian": (
        "eaten = beta * prey * predator",
        "the off-diagonal terms of the Jacobian, prey on predator and back, are missing",
    ),
    "jacobian not transposed": (
        "prey, predator = prey + DT",
        "the Jacobian is not transposed in the adjoint's step",
    ),
    "identity of the Euler step forgotten": (
        "prey, predator = prey + DT",
        "the identity in the Euler step's derivative, state + DT rate, is missing: DT J^T for "
        "I + DT J^T",
    ),
    "chain factor of the log rates": (
        'parameters["log_rates"].exp()',
        "the derivative is by the rates, not by their logs: the chain factor exp(log_rate) is "
        "missing",
    ),
}
