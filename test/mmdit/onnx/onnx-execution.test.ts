import { afterEach, describe, expect, test, vi } from 'vitest';
import { OnnxError } from '../../../mmdit/onnx/onnx-error.ts';
import { OnnxExecution, ProviderFindings } from '../../../mmdit/onnx/onnx-execution.ts';
import { type OnnxProvider, type OnnxWish, OnnxWishError, parseOnnxWish } from '../../../mmdit/onnx/onnx-provider.ts';
import { reportOnnx } from '../../../mmdit/onnx/report-onnx.ts';

type Runs = Partial<Record<OnnxProvider, { seconds: number; value?: number; error?: Error }>>;

/** An execution on a machine that has these providers, and what is run where. */
function machine(runs: Runs, wish: OnnxWish, findings = new ProviderFindings()) {
  const ran: OnnxProvider[] = [];
  const whyNot = async (provider: OnnxProvider) => (runs[provider] === undefined ? 'there is no such card' : null);
  const execution = new OnnxExecution({ wish, findings, whyNot });
  const run = async (kind: 'T5' | 'VAE' = 'T5') => {
    const results = await execution.run(kind, async (provider) => {
      ran.push(provider);
      const { seconds, value = 1, error } = runs[provider]!;
      if (error) throw error;
      return { results: { y: new Float32Array([value, 1]) }, seconds };
    });
    return results.y[0];
  };
  return { execution, run, ran };
}

describe('auto', () => {
  test('is the processor where nothing else is there, and says nothing', async () => {
    const { execution, run, ran } = machine({ cpu: { seconds: 1 } }, 'auto');
    expect(execution.describe()).toBeNull();
    await run();
    expect(ran).toEqual(['cpu']);
    expect(execution.takeNotices()).toEqual([]);
    expect(execution.describe()).toMatch(/^CPU \(ONNX Runtime/);
  });

  test('times both at the first run of a kind and keeps the faster for the process', async () => {
    const findings = new ProviderFindings();
    const runs: Runs = { cpu: { seconds: 2 }, cuda: { seconds: 0.5, value: 1.001 } };
    const { execution, run, ran } = machine(runs, 'auto', findings);
    expect(await run()).toBeCloseTo(1.001);
    expect(execution.takeNotices()).toEqual(['T5 runs on CUDA: CPU 2.00 s, CUDA 0.50 s']);
    await run();
    expect(ran).toEqual(['cpu', 'cuda', 'cuda', 'cuda']);
    const next = machine(runs, 'auto', findings);
    await next.run();
    await next.run('VAE');
    expect(next.ran).toEqual(['cuda', 'cpu', 'cuda', 'cuda']);
    const slow = machine({ cpu: { seconds: 1 }, webgpu: { seconds: 3 } }, 'auto');
    expect([await slow.run(), await slow.run()]).toEqual([1, 1]);
    expect(slow.ran).toEqual(['cpu', 'webgpu', 'webgpu', 'cpu']);
    expect(slow.execution.takeNotices()).toEqual(['T5 runs on CPU: CPU 1.00 s, WebGPU 3.00 s']);
  });

  test.each([
    ['other results', { seconds: 0.1, value: 1.1 }, /differ from the processor's by 0\.07/],
    ['no numbers', { seconds: 0.1, value: Number.NaN }, /differ from the processor's by Infinity/],
    ['a failure', { seconds: 0.1, error: new OnnxError('t5', 'out of memory') }, /out of memory/],
  ])('%s put an accelerator aside, and it is said', async (_, webgpu, message) => {
    const { execution, run, ran } = machine({ cpu: { seconds: 2 }, webgpu }, 'auto');
    expect(await run()).toBe(1);
    const [problem] = execution.takeNotices();
    expect(problem).toMatch(/^T5 runs on the processor, not on WebGPU: /);
    expect(problem).toMatch(message);
    ran.length = 0;
    expect(await run()).toBe(1);
    expect(ran).toEqual(['cpu']);
    expect(execution.takeNotices()).toEqual([]);
  });

  test('an accelerator that fails later hands over to the processor', async () => {
    const cuda: { seconds: number; error?: Error } = { seconds: 0.1 };
    const { execution, run, ran } = machine({ cpu: { seconds: 1 }, cuda }, 'auto');
    await run('VAE');
    expect(execution.describe()).toMatch(/^CUDA/);
    cuda.error = new OnnxError('VAE', 'failed to allocate memory');
    expect(await run('VAE')).toBe(1);
    expect(ran.slice(-2)).toEqual(['cuda', 'cpu']);
    expect(await run('VAE')).toBe(1);
    expect(ran.at(-2)).toBe('cpu');
    expect(execution.takeNotices().join()).toMatch(/VAE runs on the processor, not on CUDA: .*allocate memory/);
    expect(execution.describe()).toMatch(/^CPU/);
  });
});

describe('a provider that is wished for by name', () => {
  test('is used without a comparison', async () => {
    const { execution, run, ran } = machine({ cpu: { seconds: 1 }, webgpu: { seconds: 9 } }, 'webgpu');
    await run();
    expect(ran).toEqual(['webgpu']);
    expect(execution.takeNotices()).toEqual([]);
    await machine({ cpu: { seconds: 1 }, webgpu: { seconds: 0 } }, 'cpu').run();
  });

  test('gives way to the processor where it cannot be used, and says why in every job', async () => {
    const { execution, run, ran } = machine({ cpu: { seconds: 1 } }, 'cuda');
    for (const _ of [1, 2]) {
      await run();
      await run('VAE');
      expect(execution.takeNotices()).toEqual([
        'text encoders and VAE run on the processor, not on CUDA: there is no such card',
      ]);
    }
    expect(ran).toEqual(['cpu', 'cpu', 'cpu', 'cpu']);
  });

  test('that fails is not tried again', async () => {
    const webgpu = { seconds: 0, error: new OnnxError('T5', 'the device is lost') };
    const { execution, run, ran } = machine({ cpu: { seconds: 1 }, webgpu }, 'webgpu');
    await run();
    await run();
    expect(ran).toEqual(['webgpu', 'cpu', 'cpu']);
    expect(execution.takeNotices()).toEqual(['T5 runs on the processor, not on WebGPU: T5: the device is lost']);
  });
});

test('what is no failure of the runtime is passed on', async () => {
  const webgpu = { seconds: 0, error: new Error('changed my mind') };
  await expect(machine({ cpu: { seconds: 1 }, webgpu }, 'webgpu').run()).rejects.toThrow('changed my mind');
  await expect(machine({ cpu: { seconds: 1 }, webgpu }, 'auto').run()).rejects.toThrow('changed my mind');
});

test('kinds that run in different places are told apart', async () => {
  const findings = new ProviderFindings();
  findings.faster.set('T5', 'cpu').set('VAE', 'cuda');
  const { execution, run } = machine({ cpu: { seconds: 1 }, cuda: { seconds: 1 } }, 'auto', findings);
  await run('T5');
  await run('VAE');
  expect(execution.describe()).toMatch(/^T5 on CPU, VAE on CUDA \(ONNX Runtime/);
});

test('rounding depends on where graphs may run', async () => {
  const arithmetic = (runs: Runs, wish: OnnxWish) => machine(runs, wish).execution.arithmetic();
  const [cpu, both] = [{ cpu: { seconds: 1 } }, { cpu: { seconds: 1 }, cuda: { seconds: 1 } }];
  expect(await arithmetic(cpu, 'auto')).toBe(await arithmetic(cpu, 'cpu'));
  expect(await arithmetic(cpu, 'cuda')).toBe(await arithmetic(cpu, 'cpu'));
  expect(await arithmetic(both, 'cuda')).not.toBe(await arithmetic(cpu, 'cpu'));
  expect(await arithmetic(both, 'auto')).not.toBe(await arithmetic(both, 'cuda'));
});

describe('on this machine', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('the environment names the provider', () => {
    vi.stubEnv('ARROWHEAD_ONNX', '');
    expect(parseOnnxWish()).toBe('auto');
    vi.stubEnv('ARROWHEAD_ONNX', 'webgpu');
    expect(parseOnnxWish()).toBe('webgpu');
    expect(parseOnnxWish('cpu')).toBe('cpu');
    vi.stubEnv('ARROWHEAD_ONNX', 'tpu');
    expect(() => new OnnxExecution()).toThrow(OnnxWishError);
    expect(() => parseOnnxWish()).toThrow('Unknown ONNX Runtime provider "tpu": expected auto, cpu, cuda or webgpu');
  });

  test('the report names the runtime and every provider', async () => {
    const { version, where, providers } = await reportOnnx('cpu');
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(where).toBe(`CPU (ONNX Runtime ${version})`);
    expect(providers.map(({ provider }) => provider)).toEqual(['cpu', 'cuda', 'webgpu']);
    for (const { problem } of providers) expect(problem ?? 'can be used').toMatch(/\w/);
  });
});
