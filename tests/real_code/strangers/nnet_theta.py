import numpy as np

def add_ones(X):
    return np.c_[np.ones(len(X)), X]

class NNet:
    '''
    one hidden layer, weights theta1 (n+1 x h) and theta2 (h+1 x k), first row = bias.
    cost = cross entropy / m  +  lam/(2m) * (sum of squared weights without bias)
    '''

    def __init__(self, hidden=6, alpha=1.0, lam=0.5, iters=300):
        self.hidden = hidden
        self.alpha = alpha
        self.lam = lam
        self.iters = iters

    def init_weights(self, n, k, seed=0):
        np.random.seed(seed)
        self.theta1 = np.random.uniform(-.5, .5, (n+1, self.hidden))
        self.theta2 = np.random.uniform(-.5, .5, (self.hidden+1, k))

    def activations(self, X):
        A1 = add_ones(X)
        A2 = add_ones(1/(1+np.exp(-A1 @ self.theta1)))
        Z3 = A2 @ self.theta2
        E = np.exp(Z3 - Z3.max(axis=1).reshape(-1,1))
        return A1, A2, E/E.sum(axis=1).reshape(-1,1)

    def cost(self, X, Y):
        m = len(X)
        A3 = self.activations(X)[-1]
        J = -np.sum(Y*np.log(A3))/m
        return J + self.lam/(2*m)*((self.theta1[1:]**2).sum() + (self.theta2[1:]**2).sum())

    def step(self, X, Y):
        m = len(X)
        A1, A2, A3 = self.activations(X)
        D3 = A3 - Y
        D2 = (D3 @ self.theta2.T * A2*(1-A2))[:,1:]   # drop the bias unit
        R1 = self.theta1.copy(); R1[0] = 0
        R2 = self.theta2.copy(); R2[0] = 0
        self.theta2 -= self.alpha*(A2.T @ D3 + self.lam*R2)/m
        self.theta1 -= self.alpha*(A1.T @ D2 + self.lam*R1)/m

    def fit(self, X, Y):
        self.init_weights(X.shape[1], Y.shape[1])
        self.history = []
        for i in range(self.iters):
            self.step(X, Y)
            self.history.append(self.cost(X, Y))
        return self

    def predict(self, X):
        return self.activations(X)[-1].argmax(axis=1)

if __name__ == '__main__':
    rng = np.random.default_rng(4)
    t = rng.integers(0, 3, 100)
    X = rng.normal(size=(3, 4))[t]*1.5 + rng.normal(size=(100, 4))*.5
    Y = np.eye(3)[t]
    net = NNet().fit(X, Y)
    print('cost', net.history[0], '->', net.history[-1])
    print('acc', (net.predict(X) == t).mean())
