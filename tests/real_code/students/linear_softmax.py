import numpy as np


def softmax_objective(W, X, y, reg):
  """
  What a linear classifier has to make small, without any loop.

  W    weights, a row for each measurement, a column for each class
  X    the measurements, a row for each sample
  y    the class of each sample, counted from 0
  reg  how much the squares of the weights cost

  Gives the value and its slope in W (shaped like W).
  """
  n = len(X)
  one = np.arange(W.shape[1]) == y[:, None]
  logit = X @ W
  logit = logit - logit.max(axis=1, keepdims=True)
  log_p = logit - np.log(np.exp(logit).sum(axis=1, keepdims=True))

  value = -log_p[one].sum() / n + reg * (W ** 2).sum()
  slope = 2 * reg * W + X.T @ (np.exp(log_p) - one)
  return value, slope


if __name__ == '__main__':
  # three voices, five resonances and a constant
  gen = np.random.default_rng(18)
  voice = gen.integers(3, size=75)
  X = np.ones((75, 6))
  X[:, 1:] = gen.normal(size=(3, 5))[voice] + 0.8 * gen.normal(size=(75, 5))
  W = np.zeros((6, 3))
  for turn in range(80):
    value, slope = softmax_objective(W, X, voice, 0.001)
    W = W - 0.005 * slope
    if turn % 20 == 0:
      print(turn, value)
