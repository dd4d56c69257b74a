import numpy as np

SLOPE = 0.1


def lrelu(z):
    return np.where(z > 0, z, SLOPE * z)


def lrelu_grad(z):
    return np.where(z > 0, 1.0, 0.0)


class MLP:
    """
    layers[i]["W"], layers[i]["b"] parameters
    layers[i]["W_grad"], layers[i]["b_grad"] after backward()
    Last layer is linear. Regression.
    """

    def __init__(self, dims, lr=0.05, seed=None):
        rs = np.random.RandomState(seed)
        self.lr = lr
        self.layers = []
        for d_in, d_out in zip(dims, dims[1:]):
            self.layers.append({
                "W": rs.randn(d_in, d_out) * np.sqrt(2.0 / d_in),
                "b": np.zeros((1, d_out)),
            })

    def forward(self, x):
        n = len(self.layers)
        for i, layer in enumerate(self.layers):
            layer["in"] = x
            layer["z"] = x @ layer["W"] + layer["b"]
            x = lrelu(layer["z"]) if i < n - 1 else layer["z"]
        self.out = x
        return x

    def loss(self, y):
        return 0.5 * np.sum((self.out - y) ** 2) / y.shape[0]

    def backward(self, y):
        delta = (self.out - y) / y.shape[0]
        for i in range(len(self.layers) - 1, -1, -1):
            layer = self.layers[i]
            layer["W_grad"] = layer["in"].T @ delta
            layer["b_grad"] = delta.sum(axis=0, keepdims=True)
            if i > 0:
                delta = (delta @ layer["W"].T) * lrelu_grad(self.layers[i - 1]["z"])

    def step(self):
        for layer in self.layers:
            layer["W"] -= self.lr * layer["W_grad"]
            layer["b"] -= self.lr * layer["b_grad"]


if __name__ == "__main__":
    rs = np.random.RandomState(0)
    x = rs.uniform(-2, 2, (80, 2))
    y = np.sin(x[:, :1]) * x[:, 1:]
    net = MLP([2, 10, 10, 1], seed=3)
    for k in range(301):
        net.forward(x)
        net.backward(y)
        net.step()
        if k % 100 == 0:
            print(k, net.loss(y))
