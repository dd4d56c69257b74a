import numpy as np

# Two interleaved combs of points; which comb does a point belong to?
gen = np.random.RandomState(88)
y = gen.permutation(np.arange(200) % 2)
across = gen.uniform(-2, 2, 200)
X = np.stack([across, np.sin(3 * across) / 2 + y + gen.normal(0, 0.15, 200)], axis=1)

rows = len(y)
rate = 0.005 # how far to go downhill
decay = 0.01 # price of big weights

# hidden values and class shares, for any data
def propagate(net, data):
    hid = np.tanh(data @ net['W1'] + net['b1'])
    share = np.exp(hid @ net['W2'] + net['b2'])
    return hid, share / share.sum(1, keepdims=True)

# mean over the points, the price of the weights included
def mean_loss(net):
    share = propagate(net, X)[1]
    price = sum((net[name] ** 2).sum() for name in ('W1', 'W2')) * decay / 2
    total = price - np.log(share[np.arange(rows), y]).sum()
    return total / rows

# Makes a net and improves it.
#   units    how many tanh units
#   rounds   how many steps downhill
#   talk     say the loss now and then
def fit_net(units, rounds=3000, talk=False):
    begin = np.random.RandomState(27)
    net = {}
    net['b2'], net['b1'] = np.zeros((1, 2)), np.zeros((1, units))
    net['W2'], net['W1'] = begin.normal(0, .6, (units, 2)), begin.normal(0, .8, (2, units))

    for r in range(rounds):
        hid, share = propagate(net, X)

        # from the shares back to the weights
        err = share.copy()
        err[y == 0, 0] -= 1
        err[y == 1, 1] -= 1
        err_hid = (1 - hid ** 2) * (err @ net['W2'].T)
        down = {
            'b2': err.sum(0, keepdims=True),
            'b1': err_hid.sum(0, keepdims=True),
            'W2': hid.T @ err + decay * net['W2'],
            'W1': X.T @ err_hid + decay * net['W1'],
        }
        for name in down:
            net[name] = net[name] - rate * down[name]

        if talk and r % 1000 == 0:
          print("round", r, "loss", mean_loss(net))

    return net

net = fit_net(4, rounds=3001, talk=True)
print("right:", (propagate(net, X)[1].argmax(1) == y).mean())
