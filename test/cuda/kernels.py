"""The kernels for Python, over harness.cpp. Tensors are torch's, [batch, tokens, heads, dim]."""

import ctypes
import math
import os

import torch

FULL, CACHED = -1, -2
DTYPES = {torch.float32: 0, torch.float16: 1, torch.bfloat16: 2, torch.float8_e4m3fn: 3}
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


def place(tensor):
    return pointer(tensor), I64(tensor.stride(1)), I64(tensor.stride(0))


def per_head(kind, values):
    return (kind * len(values))(*values) if values is not None else None


class Plan:
    """A launch's tile list on the card: one half-window per head, or candidates to measure."""

    def __init__(self, batch, heads, dim, dtype, text, image, text_first, windows, measuring=False, scale=None,
                 shares=None, addend_of=None):
        self.heads, self.dim, self.tokens, self.batch = heads, dim, text + image, batch
        self.windows = sorted(windows) if measuring else list(windows)
        array = (ctypes.c_int32 * max(1, len(windows)))(*self.windows)
        scale = 1 / math.sqrt(dim) if scale is None else scale
        self.handle = PTR(
            lib.plan_create(batch, heads, dim, DTYPES[dtype], I64(text), I64(image), int(text_first),
                            ctypes.c_float(scale), array, len(windows), per_head(ctypes.c_uint8, shares),
                            per_head(ctypes.c_int32, addend_of), int(measuring)))
        self.references = 0
        # What the plan points to lives as long as it does.
        self.kept = []
        if not self.handle:
            raise MemoryError("no device memory for the plan")

    def __del__(self):
        if getattr(self, "handle", None):
            lib.plan_destroy(self.handle)

    def combine(self, addends, subtract=False):
        self.kept += addends
        for index, addend in enumerate(addends):
            lib.plan_addend(self.handle, index, *place(addend), int(subtract))
        return self

    def compare(self, references=(), residuals=None):
        """With outputs made elsewhere, and candidates with what `residuals` has for them by index."""
        self.kept += [*references, *(residuals or {}).values()]
        for index, reference in enumerate(references):
            lib.plan_reference(self.handle, index, *place(reference))
        for candidate, residual in (residuals or {}).items():
            lib.plan_residual(self.handle, candidate, *place(residual))
        self.references = len(references)
        return self

    def key_blocks(self):
        return lib.plan_blocks(self.handle)

    def run(self, q, k, v, out, mma=False):
        check(lib.headwise(self.handle, pointer(q), pointer(k), pointer(v), I64(q.stride(1)), I64(q.stride(0)),
                           pointer(out), I64(out.stride(1)), I64(out.stride(0)), int(mma), stream()))
        return out

    def measure(self, q, k, v, mma=False, download=True):
        """[heads, values]: sum, sum of squares; errors of candidates, of candidates with residuals, of references."""
        values = 2 + 2 * len(self.windows) + self.references
        sums = (ctypes.c_double * (self.heads * values))()
        check(lib.measure(self.handle, pointer(q), pointer(k), pointer(v), I64(q.stride(1)), I64(q.stride(0)), int(mma),
                          sums if download else None, stream()))
        if download:
            return torch.tensor(list(sums), dtype=torch.float64).view(self.heads, values)


class Rows(ctypes.Structure):
    _fields_ = [("data", PTR), ("stride", I64)]


class Units(ctypes.Structure):
    _fields_ = [("count", ctypes.c_int32), ("first", ctypes.c_uint16 * 192)]


class ProductPart(ctypes.Structure):
    _fields_ = [("x", Rows), ("rest", Rows), ("weight", Rows), ("bias", PTR), ("out", Rows), ("rows", ctypes.c_int32),
                ("outScales", PTR), ("xScales", PTR), ("weightScales", PTR), ("normQ", PTR), ("normK", PTR), ("rope", PTR),
                ("units", Units)]


EPILOGUES = {None: 0, "gelu": 1, "qk-norm-rope": 2}


def product(parts, epilogue=None, dim=0, eps=1e-6):
    """Parts of x, weight, out and what else applies, by the names of ProductPart's fields; `units`: indices, or all."""
    columns, inner = parts[0]["weight"].shape
    split = parts[0]["x"].shape[1]
    unit = dim if epilogue == "qk-norm-rope" else 256

    def struct(part):
        rows = {name: Rows(part[name].data_ptr(), part[name].stride(0))
                for name in ("x", "rest", "weight", "out") if name in part}
        units = part.get("units") if part.get("units") is not None else range(-(-columns // unit))
        others = {name: tensor.data_ptr() for name, tensor in part.items()
                  if name not in (*rows, "units") and tensor is not None}
        return ProductPart(rows=part["x"].shape[0], units=Units(len(units), tuple(units)), **rows, **others)

    check(lib.product((ProductPart * len(parts))(*map(struct, parts)), len(parts), inner, split, columns,
                      DTYPES[parts[0]["x"].dtype], DTYPES[parts[0]["out"].dtype], EPILOGUES[epilogue], dim,
                      ctypes.c_float(eps), stream()))


def bound_scales(x_norms, weight_norms, bias):
    """For e4m3 outputs of products of rows with these Euclidean norms."""
    scales = torch.empty_like(x_norms)
    check(lib.bound_scales(pointer(x_norms), pointer(weight_norms), pointer(bias), I64(len(x_norms)), I64(len(weight_norms)),
                           pointer(scales), stream()))
    return scales
