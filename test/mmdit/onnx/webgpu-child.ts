import path from 'node:path';
import { Component } from '../../../mmdit/checkpoint/component.ts';
import { largestDifference } from '../../../mmdit/onnx/largest-difference.ts';
import { OnnxExecution } from '../../../mmdit/onnx/onnx-execution.ts';
import { whyNotAccelerated } from '../../../mmdit/onnx/onnx-provider.ts';
import { OnnxSession } from '../../../mmdit/onnx/onnx-session.ts';
import { probeGraph } from '../../../mmdit/onnx/probe-graph.ts';
import { T5TextEncoder } from '../../../mmdit/text/t5-text-encoder.ts';
import { GOLDEN } from './golden.ts';

// On a machine with a WebGPU adapter: what the WebGPU provider makes of our operators, and of a text encoder.

async function run(provider: 'cpu' | 'webgpu') {
  const { graph, inputs } = await probeGraph();
  const session = await OnnxSession.open(graph, { weights: 'resident', provider });
  const results = await session.run(inputs, ['mixed', 'upsampled']);
  await session.close();
  return results;
}

async function encode(wish: 'cpu' | 'webgpu') {
  const execution = new OnnxExecution({ wish });
  const component = await Component.open(path.join(GOLDEN, 't5-tiny/text_encoder_2'));
  const encoder = await T5TextEncoder.open(component, 40, execution);
  const y = await encoder.encode(Array.from({ length: 40 }, (_, at) => (at * 7) % 50));
  await encoder.close();
  return { y, where: execution.describe(), notices: execution.takeNotices() };
}

const operators = largestDifference(await run('webgpu'), await run('cpu'));
const problem = await whyNotAccelerated('webgpu', false);
const [expected, actual] = [await encode('cpu'), await encode('webgpu')];
const { where, notices } = actual;
const encoded = largestDifference({ y: actual.y }, { y: expected.y });
process.stdout.write(JSON.stringify({ operators, problem, where, notices, encoded }));
