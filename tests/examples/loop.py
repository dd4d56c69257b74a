from math import exp, log

import numpy as np


def gradients(parameters, X, labels):
    W0, b0, W1, b1 = parameters
    dW0, db0, dW1, db1 = (np.zeros_like(block) for block in parameters)
    for x, label in zip(X, labels, strict=True):
        z1 = [b0[h] + sum(W0[h, i] * x[i] for i in range(len(x))) for h in range(len(b0))]
        a1 = [log(1 + exp(z)) for z in z1]
        z2 = [b1[o] + sum(W1[o, h] * a1[h] for h in range(len(a1))) for o in range(len(b1))]
        total = sum(exp(z) for z in z2)
        e2 = [exp(z2[o]) / total - (o == label) for o in range(len(z2))]
        for h in range(len(b0)):
            e1 = sum(e2[o] * W1[o, h] for o in range(len(e2))) / (1 + exp(-z1[h]))
            db0[h] = e1
            for i in range(len(x)):
                dW0[h, i] += e1 * x[i]
        for o in range(len(e2)):
            db1[o] += e2[o]
            for h in range(len(a1)):
                dW1[o, h] += e2[o] * a1[h]
    return [block / len(X) for block in (dW0, db0, dW1, db1)]
