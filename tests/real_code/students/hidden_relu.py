import numpy as np


class HiddenReluClassifier(object):
  """
  Inputs, one layer of rectified units, one score a class. The dictionary params
  holds W1, b1 (to the units) and W2, b2 (to the scores); samples are rows.
  """

  def __init__(self, n_in, n_hidden, n_classes, spread=1e-3):
    gen = np.random.RandomState(2)
    self.params = dict(
      b1=np.zeros(n_hidden),
      b2=np.zeros(n_classes),
      W1=gen.normal(0, spread, (n_in, n_hidden)),
      W2=gen.normal(0, spread, (n_hidden, n_classes)))

  def scores(self, X):
    p = self.params
    units = X.dot(p['W1']) + p['b1']
    units *= units > 0
    return units, units.dot(p['W2']) + p['b2']

  def loss(self, X, y=None, reg=0.0):
    """
    With labels y: the mean softmax loss plus reg times all squared weights, and a
    dictionary of slopes. Without: the scores alone.
    """
    units, s = self.scores(X)
    if y is None:
      return s

    W1, W2 = self.params['W1'], self.params['W2']
    rows = np.arange(len(X))
    s = s - s.max(axis=1)[:, None]
    log_sum = np.log(np.exp(s).sum(axis=1))
    value = np.mean(log_sum - s[rows, y])
    value += reg * ((W1 ** 2).sum() + (W2 ** 2).sum())

    # softmax minus the indicator of the label
    g = np.exp(s - log_sum[:, None])
    g[rows, y] -= 1.0
    g = g / len(X)
    g_units = np.where(units > 0, g.dot(W2.T), 0)
    slopes = {'b2': g.sum(0), 'b1': g_units.sum(0)}
    slopes['W2'] = 2 * reg * W2 + units.T.dot(g)
    slopes['W1'] = 2 * reg * W1 + X.T.dot(g_units)
    return value, slopes

  def learn(self, X, y, rate=0.05, fade=0.99, reg=1e-4, turns=120, size=32, seed=7):
    gen = np.random.RandomState(seed)
    values = []
    for turn in range(turns):
      some = gen.permutation(len(X))[:size]
      value, slopes = self.loss(X[some], y[some], reg)
      for name, slope in slopes.items():
        self.params[name] = self.params[name] - rate * slope
      values.append(value)
      if turn % 10 == 9:
        rate *= fade
    return values

  def classify(self, X):
    return self.loss(X).argmax(axis=1)


if __name__ == '__main__':
  # three kinds of gravel by four sieve fractions
  gen = np.random.RandomState(5)
  kind = gen.choice(3, 96)
  fractions = gen.dirichlet([4, 3, 2, 1], 3)[kind] * 6 + gen.normal(0, 0.3, (96, 4))
  net = HiddenReluClassifier(4, 10, 3, spread=0.3)
  values = net.learn(fractions, kind)
  print('from %.3f to %.3f' % (values[0], values[-1]))
  print('share right %.2f' % (net.classify(fractions) == kind).mean())
