import { type CpuTensor, contiguous, copyRows, cpuTensor, cpuTensorOf } from './cpu-tensor.ts';
import type { Shape, Tensor } from './device.ts';
import { countOf } from './shape.ts';
import { ShapeError } from './shape-error.ts';

/** A rearrangement checked and ready: the shape of its result, and the copying itself, for the device's queue. */
export interface Rearrangement {
  readonly shape: Shape;
  copyTo(out: CpuTensor): void;
}

export function tokenRows(input: CpuTensor, begin: number, end: number): Rearrangement {
  const [batch, tokens, width] = requireRank3('rows', input);
  return {
    shape: [batch, end - begin, width],
    copyTo: (out) => {
      for (let b = 0; b < batch; b++) {
        const from = { ...input.rows, offset: input.offset + (b * tokens + begin) * input.stride };
        copyRows(from, { ...out.rows, offset: out.offset + b * (end - begin) * width }, end - begin, width);
      }
    },
  };
}

export function joinTokens(inputs: readonly CpuTensor[]): Rearrangement {
  const [batch, , width] = requireRank3('concat', inputs[0]);
  const counts = inputs.map((input, n) => {
    const tokens = input.shape[1] ?? 0;
    cpuTensorOf('concat', `parts[${n}]`, input, [batch, tokens, width]);
    return tokens;
  });
  return {
    shape: [batch, counts.reduce((sum, count) => sum + count, 0), width],
    copyTo: (out) => {
      let at = out.offset;
      for (let b = 0; b < batch; b++) {
        for (const [n, { rows }] of inputs.entries()) {
          const count = counts[n]!;
          const from = { ...rows, offset: rows.offset + b * count * rows.stride };
          copyRows(from, { ...out.rows, offset: at }, count, width);
          at += count * width;
        }
      }
    },
  };
}

export function joinChannels(inputs: readonly CpuTensor[]): Rearrangement {
  const [batch, tokens] = requireRank3('concat', inputs[0]);
  for (const [n, input] of inputs.entries()) cpuTensorOf('concat', `parts[${n}]`, input, [batch, tokens, input.width]);
  return {
    shape: [batch, tokens, inputs.reduce((sum, input) => sum + input.width, 0)],
    copyTo: (out) => {
      let column = out.offset;
      for (const { rows, width } of inputs) {
        copyRows(rows, { ...out.rows, offset: column }, batch * tokens, width);
        column += width;
      }
    },
  };
}

/** A view of [B, n, …] as [B, n, C]; the caller releases it. */
export function flattened(op: string, tensor: Tensor): CpuTensor {
  const input = cpuTensor(op, 'x', tensor);
  if (input.shape.length <= 3) return input.view(input.shape, input.offset, input.stride);
  const [batch = 0, tokens = 0, ...rest] = contiguous(op, 'x', tensor).shape;
  return input.view([batch, tokens, countOf(rest)]);
}

export function requireRank3(op: string, tensor: CpuTensor | undefined): [number, number, number] {
  const [batch, tokens, channels] = tensor?.shape ?? [];
  if (tensor?.shape.length !== 3) throw new ShapeError(op, 'x', 'of shape [B, N, C]', tensor?.shape ?? 'nothing');
  return [batch!, tokens!, channels!];
}
