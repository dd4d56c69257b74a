import numpy as np

# Recurrent net (Elman): after each bit of a sequence, was the number of ones odd so far?

class ElmanNet:
  def __init__(self, n_hid, n_in=1, n_out=2, seed=0):
    gen = np.random.default_rng(seed)
    self.R = gen.normal(0, .6, (n_hid, n_hid))    # hidden to hidden, a step later
    self.P = gen.normal(0, .6, (n_hid, n_in))     # input to hidden
    self.Q = gen.normal(0, .6, (n_out, n_hid))    # hidden to output
    self.p, self.q = np.zeros((n_hid, 1)), np.zeros((n_out, 1))

  def run(self, xs):
    """ xs: (T, n_in). Hidden values (n_hid, T), log probabilities (n_out, T) """
    state = np.zeros_like(self.p)
    states = []
    for k in range(len(xs)):
      state = np.tanh(self.R @ state + self.P @ xs[k:k+1].T + self.p)
      states.append(state)
    S = np.hstack(states)
    O = self.Q @ S + self.q
    return S, O - np.log(np.exp(O).sum(axis=0))

  def loss(self, xs, ts):
    """ ts: a label for every step """
    return -self.run(xs)[1][ts, range(len(ts))].sum()

  def bptt(self, xs, ts):
    """ slopes for P, R, Q, p, q """
    S, logp = self.run(xs)
    T = len(ts)
    err_out = np.exp(logp) - np.eye(len(self.q))[:, ts]
    from_out = self.Q.T @ err_out

    # backwards in time: what a step gets from its output and from the step after it
    err_hid = np.empty_like(S)
    later = 0
    for k in reversed(range(T)):
      err_hid[:, k] = (from_out[:, k] + later) * (1 - S[:, k] ** 2)
      later = err_hid[:, k] @ self.R

    before = np.hstack([np.zeros_like(self.p), S[:, :-1]])
    return (err_hid @ xs, err_hid @ before.T, err_out @ S.T,
            err_hid.sum(axis=1, keepdims=True), err_out.sum(axis=1, keepdims=True))


def sequence(T, gen):
  bits = gen.integers(0, 2, size=T)
  return bits.reshape(-1, 1).astype(float), np.bitwise_xor.accumulate(bits)


if __name__ == "__main__":
  gen = np.random.default_rng(1)
  net = ElmanNet(8)
  losses = []
  for turn in range(1200):
    xs, ts = sequence(6, gen)
    losses.append(net.loss(xs, ts))
    for param, slope in zip([net.P, net.R, net.Q, net.p, net.q], net.bptt(xs, ts)):
      param -= 0.1 * slope / max(1, np.linalg.norm(slope))
  print(*[round(np.mean(losses[k:k+200]), 4) for k in range(0, 1200, 200)])
