import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { TensorSource } from '../../../mmdit/checkpoint/tensor-source.ts';
import { GraphBuilder } from '../../../mmdit/onnx/graph-builder.ts';
import { OnnxError } from '../../../mmdit/onnx/onnx-error.ts';
import { OnnxSession } from '../../../mmdit/onnx/onnx-session.ts';
import { temporaryFolder } from './rewritten-component.ts';

function source(file: string, name: string, byteOffset: number, shape: number[]): TensorSource {
  const byteLength = 4 * shape.reduce((product, length) => product * length, 1);
  const read = () => Promise.reject(new Error('weights must not be read by JavaScript'));
  return { name, dtype: 'F32', shape, file, byteOffset, byteLength, read };
}

async function writeFloats(file: string, padding: number, values: readonly number[]): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const floats = Buffer.from(new Float32Array(values).buffer);
  await writeFile(file, Buffer.concat([Buffer.alloc(padding), floats]));
}

test.each(['resident', 'streamed'] as const)('runs on weights that lie in files, %s', async (weights) => {
  const temporary = await temporaryFolder();
  const matrix = path.join(temporary, 'a', 'matrix.bin');
  const blob = path.join(temporary, 'blobs', 'x9');
  const bias = path.join(temporary, 'a', 'bias.bin');
  await writeFloats(matrix, 13, [1, 2, 3, 4, 5, 6]);
  await writeFloats(blob, 4, [10, 20]);
  await symlink(blob, bias);

  const builder = new GraphBuilder('test');
  const x = builder.input('x', 'F32', ['rows', 3]);
  const inputs = [x, builder.weight(source(matrix, 'w', 13, [2, 3])), builder.weight(source(bias, 'b', 4, [2]))];
  builder.output('y', builder.op('Gemm', inputs, { transB: 1 }), ['rows', 2]);
  const graph = await builder.build();
  expect(graph.weightBytes).toBe(32);

  const session = await OnnxSession.open(graph, { weights });
  const { y } = await session.run({ x: { data: new Float32Array([1, 1, 1, 0, 0, 1]), shape: [2, 3] } }, ['y']);
  expect([...y]).toEqual([16, 35, 13, 26]);
  await session.close();
});

test('a weight beyond the end of its file is an OnnxError that names the graph', async () => {
  const temporary = await temporaryFolder();
  const file = path.join(temporary, 'w.bin');
  await writeFloats(file, 0, [1, 2]);
  const builder = new GraphBuilder('short file');
  const w = builder.weight(source(file, 'w', 0, [3]));
  builder.output('y', builder.op('Add', [builder.input('x', 'F32', [3]), w]), [3]);
  const opened = OnnxSession.open(await builder.build(), { weights: 'resident' });
  await expect(opened).rejects.toThrow(OnnxError);
  await expect(opened).rejects.toThrow(/short file: .*\bw\b.*out of bounds/s);
});

test('an input of the wrong shape is an OnnxError', async () => {
  const builder = new GraphBuilder('add');
  builder.output('y', builder.op('Add', [builder.input('x', 'F32', [3]), builder.floats([1, 2, 3])]), [3]);
  const session = await OnnxSession.open(await builder.build(), { weights: 'resident' });
  const feed = { x: { data: new Float32Array(2), shape: [2] } };
  await expect(session.run(feed, ['y'])).rejects.toThrow(OnnxError);
  await session.close();
});
