import random, math
# every unit: {"w": [...], "b": ..}
def make_unit(n): return {"w": [random.gauss(0, 1) for _ in range(n)], "b": 0.0, "out": 0.0, "err": 0.0}
def make_net(sizes):
    return [[make_unit(n) for _ in range(m)] for n, m in zip(sizes[:-1], sizes[1:])]
def forward(net, x):
    for layer in net:
        for u in layer:
            u["out"] = 1 / (1 + math.exp(-(sum(a * b for a, b in zip(u["w"], x)) + u["b"])))
        x = [u["out"] for u in layer]
    return x
def backward(net, t):
    for u, ti in zip(net[-1], t):
        u["err"] = (u["out"] - ti) * u["out"] * (1 - u["out"])
    for l in range(len(net) - 2, -1, -1):
        for j, u in enumerate(net[l]):
            u["err"] = sum(v["w"][j] * v["err"] for v in net[l + 1]) * u["out"] * (1 - u["out"])
def apply_gradients(net, x, lr):
    for layer in net:
        for u in layer:
            for i, xi in enumerate(x):
                u["w"][i] -= lr * u["err"] * xi
            u["b"] -= lr * u["err"]
        x = [u["out"] for u in layer]
