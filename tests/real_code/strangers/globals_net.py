from numpy import *

# my first neural net! learns z = x*y
random.seed(12)

N_IN = 2
N_HID = 12
N_OUT = 1

X = random.rand(50, N_IN) * 2 - 1
T = (X[:,0] * X[:,1]).reshape(50, 1)

W_h = random.randn(N_IN, N_HID)
b_h = zeros((1, N_HID))
W_o = random.randn(N_HID, N_OUT) * 0.3
b_o = zeros((1, N_OUT))

def forward():
    global net_h, out_h, Y
    net_h = dot(X, W_h) + b_h
    out_h = maximum(net_h, 0)
    Y = dot(out_h, W_o) + b_o

def error():
    return sum((Y - T)**2)

def backward():
    # E = sum (Y-T)^2
    dY = 2 * (Y - T)
    dW_o = dot(out_h.T, dY)
    db_o = sum(dY, axis=0, keepdims=True)
    dout_h = dot(dY, W_o.T)
    dnet_h = dout_h * where(net_h > 0, 1, 0)
    dW_h = dot(X.T, dnet_h)
    db_h = sum(dnet_h, axis=0, keepdims=True)
    return dW_h, db_h, dW_o, db_o

lr = 0.002
for i in range(1500):
    forward()
    dW_h, db_h, dW_o, db_o = backward()
    W_h -= lr * dW_h
    b_h -= lr * db_h
    W_o -= lr * dW_o
    b_o -= lr * db_o
    if i % 300 == 0:
        print(i, error())

print("some predictions:")
for x, t, y in list(zip(X, T, Y))[:5]:
    print(x, t, y)
