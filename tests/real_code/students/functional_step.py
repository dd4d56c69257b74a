import numpy as np
from typing import List, Tuple

Params = List[Tuple[np.ndarray, np.ndarray]]


def init(sizes: List[int], scale: float = 0.5, seed: int = 0) -> Params:
    rng = np.random.default_rng(seed)
    return [(scale * rng.normal(size=(n, m)), scale * rng.normal(size=n))
            for m, n in zip(sizes[:-1], sizes[1:])]


def predict(params: Params, x: np.ndarray) -> np.ndarray:
    for W, b in params[:-1]:
        x = np.maximum(0.0, x @ W.T + b)
    W, b = params[-1]
    return x @ W.T + b


def loss_fn(params: Params, x: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean((predict(params, x) - y) ** 2))


def train_step(params: Params, x: np.ndarray, y: np.ndarray, lr: float = 0.1) -> Tuple[Params, float]:
    """One step of plain gradient descent. Pure: returns new parameters and the loss before the step."""
    acts = [x]
    for W, b in params[:-1]:
        acts.append(np.maximum(0.0, acts[-1] @ W.T + b))
    W, b = params[-1]
    pred = acts[-1] @ W.T + b
    loss = float(np.mean((pred - y) ** 2))

    new: Params = []
    g = 2.0 * (pred - y) / pred.size
    for (W, b), a in zip(reversed(params), reversed(acts)):
        new.insert(0, (W - lr * g.T @ a, b - lr * g.sum(axis=0)))
        g = (g @ W) * (a > 0)
    return new, loss


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    x = rng.normal(size=(64, 3))
    y = np.stack([np.abs(x[:, 0]), x[:, 1] - x[:, 2]], axis=1)
    params = init([3, 16, 2])
    for i in range(300):
        params, loss = train_step(params, x, y, lr=0.05)
        if i % 100 == 0:
            print(f"step {i:4d}  loss {loss:.5f}")
