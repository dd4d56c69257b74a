import numpy as np
import sys

# pendulum dynamics model: (angle, velocity, torque) -> next (angle, velocity)
# three hidden layers, tanh

SIZES = [3, 8, 8, 6, 2]

def init_net(sizes=SIZES, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.standard_normal((m, n)) / np.sqrt(m), np.zeros(n))
            for m, n in zip(sizes, sizes[1:])]

def fwd(x, net):
    """returns the list of all activations, the last one is the output"""
    acts = [x]
    for k, (W, b) in enumerate(net):
        z = acts[-1] @ W + b
        acts.append(z if k == len(net) - 1 else np.tanh(z))
    return acts

def energy(out, target):
    return .5 * ((out - target)**2).sum()

def bwd(acts, target, net):
    """returns [(dW, db), ...], from the output layer down to the first layer"""
    out = []
    delta = acts[-1] - target
    for k in range(len(net) - 1, -1, -1):
        out.append((acts[k].T @ delta, delta.sum(axis=0)))
        if k > 0:
            delta = (delta @ net[k][0].T) * (1 - acts[k]**2)
    return out

def pendulum(x, dt=.1):
    th, om, u = x.T
    om2 = om + dt * (u - np.sin(th))
    return np.stack([th + dt * om2, om2], axis=1)

if __name__ == '__main__':
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    rng = np.random.default_rng(1)
    x = rng.uniform(-2, 2, (64, 3))
    t = pendulum(x)
    net = init_net()
    for i in range(steps):
        acts = fwd(x, net)
        if i % 100 == 0:
            print(i, energy(acts[-1], t))
        for (W, b), (dW, db) in zip(reversed(net), bwd(acts, t, net)):
            W -= 2e-3 * dW
            b -= 2e-3 * db
