import numpy as np

def sigmoid(z): return 1/(1+np.exp(-z))

def build_mlp(n_in, n_hid, n_out, seed=0):
    """Returns a forward and a backward function that share the parameters"""
    rng = np.random.default_rng(seed)
    W1 = rng.normal(0, 0.5, (n_in, n_hid))
    b1 = np.zeros(n_hid)
    W2 = rng.normal(0, 0.5, (n_hid, n_out))
    b2 = np.zeros(n_out)
    memo = {}

    def forward(X):
        memo['X'] = X
        memo['h'] = np.tanh(X @ W1 + b1)
        memo['o'] = sigmoid(memo['h'] @ W2 + b2)
        return memo['o']

    def backward(Y):
        d = (memo['o'] - Y) / len(Y)
        dh = d @ W2.T * (1 - memo['h']**2)
        return {'W1': memo['X'].T @ dh, 'b1': dh.sum(0), 'W2': memo['h'].T @ d, 'b2': d.sum(0)}

    return forward, backward

if __name__ == '__main__':
    f, b = build_mlp(2, 3, 1)
    X = np.array([[0,0],[0,1],[1,0],[1,1.]]); Y = np.array([[0],[1],[1],[0.]])
    print(f(X)); print(b(Y))
