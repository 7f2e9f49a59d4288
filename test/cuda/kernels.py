"""The kernels for Python, over harness.cpp. Tensors are torch's, [batch, tokens, heads, dim]."""

import ctypes
import math
import os

import torch

FULL, CACHED = -1, -2
DTYPES = {torch.float32: 0, torch.float16: 1, torch.bfloat16: 2}
lib = ctypes.CDLL(os.environ["ARROWHEAD_CUDA_HARNESS"])
I64, PTR = ctypes.c_int64, ctypes.c_void_p
lib.plan_create.restype = PTR
lib.plan_blocks.restype = I64
lib.error_string.restype = ctypes.c_char_p


def stream():
    return PTR(torch.cuda.current_stream().cuda_stream)


def pointer(tensor):
    return PTR(tensor.data_ptr() if tensor is not None else 0)


def check(error):
    if error:
        raise RuntimeError(lib.error_string(error).decode())


class Plan:
    """A launch's tile list on the card: one half-window per head, or candidates to measure."""

    def __init__(self, batch, heads, dim, dtype, text, image, text_first, windows, measuring=False, scale=None):
        self.heads, self.dim, self.tokens, self.batch = heads, dim, text + image, batch
        self.windows = sorted(windows) if measuring else list(windows)
        array = (ctypes.c_int32 * max(1, len(windows)))(*self.windows)
        scale = 1 / math.sqrt(dim) if scale is None else scale
        self.handle = PTR(
            lib.plan_create(batch, heads, dim, DTYPES[dtype], I64(text), I64(image), int(text_first),
                            ctypes.c_float(scale), array, len(windows), int(measuring)))
        if not self.handle:
            raise MemoryError("no device memory for the plan")

    def __del__(self):
        if getattr(self, "handle", None):
            lib.plan_destroy(self.handle)

    def key_blocks(self):
        return lib.plan_blocks(self.handle)

    def run(self, q, k, v, out, mma=False):
        check(lib.headwise(self.handle, pointer(q), pointer(k), pointer(v), I64(q.stride(1)), I64(q.stride(0)),
                           pointer(out), I64(out.stride(1)), I64(out.stride(0)), int(mma), stream()))
        return out

    def measure(self, q, k, v, previous=None, mma=False, download=True):
        values = len(self.windows) + 3
        sums = (ctypes.c_double * (self.heads * values))()
        strides = (previous.stride(1), previous.stride(0)) if previous is not None else (0, 0)
        check(lib.measure(self.handle, pointer(q), pointer(k), pointer(v), I64(q.stride(1)), I64(q.stride(0)),
                          pointer(previous), I64(strides[0]), I64(strides[1]), int(mma),
                          sums if download else None, stream()))
        if download:
            return torch.tensor(list(sums), dtype=torch.float64).view(self.heads, values)
