"""Attention by the definition: a mask over all pairs, in float32 or float64, a few query rows at a time."""

import os

import torch


def block_of(dim):
    return (128, 128) if dim == 64 else (128, 64)


def keep_mask(rows, text, image, text_first, window, block, device):
    """[rows, tokens] of what an arrow keeps, for the query tokens `rows`."""
    tokens = text + image
    keys = torch.arange(tokens, device=device)
    text_begin = 0 if text_first else image
    is_text = (keys >= text_begin) & (keys < text_begin + text)
    # A block with any text is kept whole.
    key_block = keys // block[1]
    text_key_blocks = torch.zeros(tokens // block[1] + 1, dtype=torch.bool, device=device)
    text_key_blocks[key_block[is_text]] = True
    row_block = rows // block[0]
    text_row_blocks = torch.zeros(tokens // block[0] + 1, dtype=torch.bool, device=device)
    text_row_blocks[(keys // block[0])[is_text]] = True
    low = torch.div(row_block * block[0] - window, block[1], rounding_mode="floor")
    high = torch.div((row_block + 1) * block[0] + window + block[1] - 1, block[1], rounding_mode="floor")
    band = (key_block[None, :] >= low[:, None]) & (key_block[None, :] < high[:, None])
    return band | text_key_blocks[key_block][None, :] | text_row_blocks[row_block][:, None]


def attention(q, k, v, layout, window, dtype=torch.float32, scale=None, rows_at_once=1024):
    """One head: q, k, v [tokens, dim]; window None for full attention."""
    text, image, text_first = layout
    q, k, v = q.to(dtype), k.to(dtype), v.to(dtype)
    scale = q.shape[1] ** -0.5 if scale is None else scale
    parts = []
    for begin in range(0, q.shape[0], rows_at_once):
        rows = torch.arange(begin, min(begin + rows_at_once, q.shape[0]), device=q.device)
        scores = q[rows] @ k.T * scale
        if window is not None:
            keep = keep_mask(rows, text, image, text_first, window, block_of(q.shape[1]), q.device)
            scores = scores.masked_fill(~keep, float("-inf"))
        parts.append(scores.softmax(-1) @ v)
    return torch.cat(parts)


def sdpa(q, k, v, layout, window, rows_at_once=4096):
    """The same by PyTorch's fused attention in the inputs' own dtype: what our errors are measured against."""
    text, image, text_first = layout
    parts = []
    # Under compute-sanitizer, other people's kernels are slow and noisy.
    if os.environ.get("ARROWHEAD_PLAIN_PEER"):
        return attention(q, k, v, layout, window, dtype=q.dtype)
    for begin in range(0, q.shape[0], rows_at_once):
        rows = torch.arange(begin, min(begin + rows_at_once, q.shape[0]), device=q.device)
        mask = None
        if window is not None:
            mask = keep_mask(rows, text, image, text_first, window, block_of(q.shape[1]), q.device)[None, None]
        out = torch.nn.functional.scaled_dot_product_attention(q[rows][None, None], k[None, None], v[None, None], mask)
        parts.append(out[0, 0])
    return torch.cat(parts)
