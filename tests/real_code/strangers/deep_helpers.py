import numpy as np

# Helper functions of our project group, for nets of any depth:
# rectified layers and at the end a sigmoid. Columns are samples.


def rect(V):
    return V.clip(0)

def rect_slope(V):
    return (V > 0).astype(float)

def sigm(V):
    return 1 / (1 + np.exp(-V))

def sigm_slope(V):
    return sigm(V) * sigm(-V)

def make_parameters(layer_dims, seed=21):
    """
    layer_dims: units of every layer, inputs included.
    Gives {'W1': ..., 'b1': ..., 'W2': ..., ...}
    """
    gen = np.random.RandomState(seed)
    parameters = {}
    for n in range(1, len(layer_dims)):
        here, before = layer_dims[n], layer_dims[n - 1]
        parameters['b%d' % n] = np.zeros((here, 1))
        parameters['W%d' % n] = gen.normal(0, np.sqrt(1.5 / before), (here, before))
    return parameters

def one_layer(A, W, b, unit):
    V = b + np.dot(W, A)
    cache = {'A': A, 'W': W, 'V': V}
    return unit(V), cache

def model_forward(X, parameters):
    """out (1, m) and the caches, one for each layer"""
    last = len(parameters) // 2
    out, caches = X, []
    for n in range(1, last):
        out, cache = one_layer(out, parameters['W%d' % n], parameters['b%d' % n], rect)
        caches.append(cache)
    out, cache = one_layer(out, parameters['W%d' % last], parameters['b%d' % last], sigm)
    return out, caches + [cache]

def model_cost(out, Y):
    # cross-entropy, mean over the columns
    yes = np.vdot(Y, np.log(out))
    no = np.vdot(1 - Y, np.log(1 - out))
    return -(yes + no) / Y.shape[1]

def one_layer_backward(dA, cache, unit_slope):
    m = dA.shape[1]
    dV = dA * unit_slope(cache['V'])
    db = np.sum(dV) / m
    dW = np.dot(dV, cache['A'].T) / m
    return np.dot(cache['W'].T, dV), dW, db

def model_backward(out, Y, caches):
    """
    Slopes of the cost: a dict of dW1, db1, ... and dA0, dA1, ...
    (dA is the one for what comes out of a layer; number 0 is the input)
    """
    slopes = {}
    dA = (1 - Y) / (1 - out) - Y / out
    n = len(caches)
    unit_slope = sigm_slope
    while n > 0:
        dA, slopes['dW%d' % n], slopes['db%d' % n] = one_layer_backward(dA, caches[n - 1], unit_slope)
        unit_slope = rect_slope
        n -= 1
        slopes['dA%d' % n] = dA
    return slopes

def move(parameters, slopes, rate):
    for name in parameters:
        parameters[name] = parameters[name] - rate * slopes['d' + name]
    return parameters

def train_model(X, Y, layer_dims, rate=0.05, steps=500, show=None):
    parameters = make_parameters(layer_dims)
    for s in range(steps):
        out, caches = model_forward(X, parameters)
        if show and s % show == 0:
            print('step', s, ' cost', model_cost(out, Y))
        parameters = move(parameters, model_backward(out, Y, caches), rate)
    return parameters


if __name__ == "__main__":
    # is the ride bumpy? six springs, 120 rides
    gen = np.random.RandomState(3)
    springs = gen.uniform(-1, 1, (6, 120))
    bumpy = (np.abs(springs).max(axis=0, keepdims=True) > 0.9).astype(float)
    parameters = train_model(springs, bumpy, [6, 7, 5, 1], rate=0.15, show=100)
    said = model_forward(springs, parameters)[0] > 0.5
    print('right', np.mean(said == bumpy))
