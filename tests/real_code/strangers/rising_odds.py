"""Which of three rocks is it? A small net, trained UPHILL on the log odds of the right answer."""
import numpy as np


def look(X, Wh, bh, Wo, bo):
    Z = 1.0 / (1.0 + np.exp(-(X.dot(Wh) + bh)))
    S = np.exp(Z.dot(Wo) + bo)
    return S / S.sum(axis=1, keepdims=True), Z


def total(T, P):
    return np.sum(T * np.log(P))


def rise_Wo(Z, T, P):
    return Z.T.dot(T - P)


def rise_bo(T, P):
    return (T - P).sum(axis=0)


def rise_Wh(X, Z, T, P, Wo):
    inner = (T - P).dot(Wo.T) * Z * (1 - Z)
    return X.T.dot(inner)


def rise_bh(Z, T, P, Wo):
    return ((T - P).dot(Wo.T) * Z * (1 - Z)).sum(axis=0)


def climb():
    rng = np.random.RandomState(2)
    X = np.vstack([rng.randn(40, 2) + m for m in ([0, -2], [2, 2], [-2, 2])])
    T = np.repeat(np.eye(3), 40, axis=0)
    Wh, bh = rng.randn(2, 5), rng.randn(5)
    Wo, bo = rng.randn(5, 3), rng.randn(3)
    seen = []
    for lap in range(300):
        P, Z = look(X, Wh, bh, Wo, bo)
        seen.append(total(T, P))
        up = rise_Wh(X, Z, T, P, Wo), rise_bh(Z, T, P, Wo)
        Wo += 1e-3 * rise_Wo(Z, T, P)
        bo += 1e-3 * rise_bo(T, P)
        Wh += 1e-3 * up[0]
        bh += 1e-3 * up[1]
    return seen


if __name__ == "__main__":
    print(climb()[::50])
