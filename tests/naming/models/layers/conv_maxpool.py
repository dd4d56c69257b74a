"""A small convolution (stride 1, padding 1) with bias, ReLU, 2x2 max pooling and a linear
classifier, mean cross-entropy.
"""

from typing import Any

import numpy as np
import torch.nn.functional as F
from numpy.random import Generator


def point(random: Generator) -> Any:
    parameters = {
        "kernel": random.normal(size=(3, 2, 3, 3)),  # out, in, height, width
        "bias": 0.5 * random.normal(size=3),
        "dense": 0.5 * random.normal(size=(5, 18)),
        "offset": random.normal(size=5),
    }
    images = random.normal(size=(4, 2, 4, 6))
    return parameters, (images, random.integers(0, 5, size=4))


def loss(parameters: Any, images: Any, labels: Any) -> Any:
    maps = F.conv2d(images, parameters["kernel"], parameters["bias"], padding=1)
    active = F.relu(maps)
    pooled = F.max_pool2d(active, 2)
    flat = pooled.flatten(1)
    logits = flat @ parameters["dense"].T + parameters["offset"]
    return F.cross_entropy(logits, labels)


def gradients(parameters: Any, images: Any, labels: Any, mistake: str | None = None) -> Any:
    K, bias, D, offset = (parameters[k] for k in ("kernel", "bias", "dense", "offset"))
    n, _, H, W = images.shape
    out = K.shape[0]
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    if mistake == "kernel flipped":
        K = K[:, :, ::-1, ::-1]

    maps = np.zeros((n, out, H, W))
    for r in range(H):
        for c in range(W):
            window = padded[:, :, r : r + 3, c : c + 3]
            maps[:, :, r, c] = np.einsum("nihw,oihw->no", window, K) + bias
    active = np.maximum(maps, 0)
    blocks = active.reshape(n, out, H // 2, 2, W // 2, 2)
    pooled = blocks.max(axis=(3, 5))
    flat = pooled.reshape(n, -1)
    if mistake == "channels last when flattening":
        flat = pooled.transpose(0, 2, 3, 1).reshape(n, -1)

    logits = flat @ D.T + offset
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(n), labels] -= 1
    dlogits = p if mistake == "mean of the cross-entropy forgotten" else p / n
    dflat = dlogits @ D
    dpooled = dflat.reshape(pooled.shape)
    if mistake == "channels last when flattening":
        dpooled = dflat.reshape(n, H // 2, W // 2, out).transpose(0, 3, 1, 2)

    first = np.zeros((n, out, H // 2, W // 2, 4))  # the first maximum of each window
    np.put_along_axis(
        first,
        blocks.transpose(0, 1, 2, 4, 3, 5).reshape(first.shape).argmax(-1)[..., None],
        1.0,
        axis=-1,
    )
    if mistake == "pooling's gradient shared by the four":
        first[:] = 1 / 4
    elif mistake == "pooling's gradient to all four":
        first[:] = 1
    dblocks = (
        (dpooled[..., None] * first)
        .reshape(n, out, H // 2, W // 2, 2, 2)
        .transpose(0, 1, 2, 4, 3, 5)
    )
    dmaps = dblocks.reshape(maps.shape)
    if mistake != "ReLU's derivative forgotten":
        dmaps = dmaps * (maps > 0)

    dK = np.zeros_like(K)
    for r in range(3):
        for c in range(3):
            if mistake == "windows without the padding":
                shifted = np.zeros_like(images)
                part = images[:, :, r:, c:]
                shifted[:, :, : part.shape[2], : part.shape[3]] = part
            elif mistake == "kernel gradient turned over":
                shifted = padded[:, :, 2 - r : 2 - r + H, 2 - c : 2 - c + W]
            else:
                shifted = padded[:, :, r : r + H, c : c + W]
            dK[:, :, r, c] = np.einsum("nohw,nihw->oi", dmaps, shifted)
    if mistake == "kernel flipped":
        dK = dK[:, :, ::-1, ::-1]
    dbias = dmaps.sum(axis=(0, 2, 3))
    if mistake == "bias averaged over the positions":
        dbias = dmaps.mean(axis=(2, 3)).sum(0)
    return {"kernel": dK, "bias": dbias, "dense": dlogits.T @ flat, "offset": dlogits.sum(0)}


MISTAKES: dict[str, tuple[str, str]] = {
    "kernel flipped": (
        "F.conv2d",
        "a true convolution with the flipped kernel is computed; conv2d is a cross-correlation",
    ),
    "channels last when flattening": (
        "pooled.flatten(1)",
        "the flattening is in the wrong order: height, width, channel for channel, height, width",
    ),
    "mean of the cross-entropy forgotten": (
        "F.cross_entropy",
        "the 1/n of the mean over the samples is missing",
    ),
    "pooling's gradient shared by the four": (
        "F.max_pool2d",
        "the gradient is spread evenly over the window, the derivative of average pooling, "
        "not sent to the maximum",
    ),
    "pooling's gradient to all four": (
        "F.max_pool2d",
        "the gradient goes to all four entries of the window and not to the maximum only",
    ),
    "ReLU's derivative forgotten": (
        "F.relu(maps)",
        "ReLU's derivative, the mask of positive maps, is missing",
    ),
    "windows without the padding": (
        "padding=1",
        "the kernel's gradient uses windows of the unpadded images: shifted by the padding of 1",
    ),
    "kernel gradient turned over": (
        "F.conv2d",
        "the kernel's gradient is flipped in height and width (rotated by 180 degrees)",
    ),
    "bias averaged over the positions": (
        "F.conv2d",
        "the bias's gradient is a mean over the 4x6 positions where a sum is due",
    ),
}
