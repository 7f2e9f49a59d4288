import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { encodeRseTable } from '../../../calibration/index.ts';
import { type JobRequest, requests, type WorkbenchEvent } from '../../../electron/contract.ts';
import { createWorkbench, type WorkbenchHost } from '../../../electron/host/workbench-host.ts';
import { WorkerLink } from '../../../electron/host/workers/worker-link.ts';
import { writeSynthetic } from '../../../mmdit/synthetic/write-synthetic.ts';
import { fluxTable } from '../../fixtures/flux-table.ts';
import { PROMPT, runToEnd, SMALL, smallCalibration } from './jobs-of-host.ts';

let library: string;
let host: WorkbenchHost;
let calibrated: string;
const events: WorkbenchEvent[] = [];

beforeAll(async () => {
  library = await mkdtemp(path.join(tmpdir(), 'arrowhead-host-'));
  host = await createWorkbench({ library });
  host.subscribe((event) => events.push(event));
  const job = await runToEnd(host, smallCalibration({ evaluate: [{ prompt: PROMPT, seed: 7 }] }));
  expect(job).toMatchObject({ status: 'finished', error: null });
  calibrated = job.run!;
});

afterAll(async () => {
  await host.close();
  await rm(library, { recursive: true, force: true });
});

/** What the contract promises holds for what the host sends: each reply is parsed by its schema. */
async function ask<N extends keyof typeof requests>(name: N, params: Parameters<typeof host.request<N>>[1]) {
  const reply = await host.request(name, params);
  requests[name].reply.parse(reply);
  return reply;
}

describe('the host', () => {
  it('says who it is, and refuses a window of another version', async () => {
    const hello = await ask('hello', { version: 1 });
    expect(hello).toMatchObject({ version: 1, canReveal: false });
    await expect(host.request('hello', { version: 99 })).rejects.toMatchObject({
      name: 'ContractVersionError',
      message: expect.stringContaining('version 99'),
    });
  });

  it('answers questions about a model of 8 GB without its weights, and without the engine', async () => {
    const folder = path.join(library, 'sd3-medium');
    await writeSynthetic(folder, 'sd3-medium', { seed: 1 });
    const model = (await ask('models.add', { folder })).id;
    await ask('settings.set', { device: 'cpu' });
    const calls = vi.spyOn(WorkerLink.prototype, 'call');
    const { layers, defaults } = await ask('models.info', { model });
    expect(layers).toHaveLength(24);
    expect(await ask('models.describeSampling', { model, sampling: defaults })).toMatchObject({
      ...{ imageTokens: 4096, textTokens: 333, block: [32, 32] },
    });
    await ask('models.inspectPrompt', { model, prompt: PROMPT });
    expect((await ask('models.inspect', { model })).transformer?.parameters).toBeGreaterThan(2e9);
    const ofLibraryAndDescriptions = ['scan', 'modelInfo', 'describeSampling', 'inspectPrompt', 'inspect'];
    const others = calls.mock.calls.map(([name]) => name).filter((name) => !ofLibraryAndDescriptions.includes(name));
    expect(others).toEqual([]);
    calls.mockRestore();
    await ask('models.remove', { model });
    await ask('settings.set', { device: 'auto' });
  });

  it('says the end-to-end speed with the first solve', async () => {
    // The table is not open yet: no test before asked for it.
    const bounds = { delta: 0.6, headConstraint: null, granularity: 'head', candidates: null, cost: 'flops' } as const;
    const solved = await ask('calibration.solve', { run: calibrated, ...bounds, pins: [] });
    expect(solved.endToEndSpeedUp).toBeGreaterThan(1);
  });

  it('tells device, models and what a model makes of sampling and prompts', async () => {
    const device = await ask('device', {});
    expect(device.devices[0]?.kind).toBe('cpu');
    // The engine's process counts too, which is at least a Node with a model.
    expect(device.processBytes - process.memoryUsage.rss()).toBeGreaterThan(40e6);
    const info = await ask('models.info', { model: null });
    expect(info).toMatchObject({ isDemo: true, family: 'flux', problem: null });
    expect(info.layers.length).toBeGreaterThan(0);
    const described = await ask('models.describeSampling', { model: 'demo', sampling: { ...SMALL, width: 256 } });
    expect(described).toMatchObject({ imageTokens: 128, tokenGrid: { columns: 16, rows: 8 } });
    await expect(
      host.request('models.describeSampling', { model: null, sampling: { ...SMALL, width: 100 } }),
    ).rejects.toMatchObject({ name: 'SamplingError', message: expect.stringContaining('96x') });
    const notices = await ask('models.inspectPrompt', { model: null, prompt: 'a red unicorn' });
    expect(notices).toEqual({
      ignoredWords: ['unicorn'],
      reads: [
        { encoder: 'CLIP', readTokens: 3, promptTokens: 3 },
        { encoder: 'T5', readTokens: 3, promptTokens: 3 },
      ],
    });
  });

  it('tells what a checkpoint folder holds', async () => {
    const report = await ask('models.inspect', { model: null });
    expect(report).toMatchObject({
      family: 'flux',
      synthetic: false,
      transformer: { blocks: 8, heads: 6, headDim: 32 },
    });
    expect(report.parts.filter(({ problem }) => problem !== null)).toEqual([]);
    await expect(host.request('models.inspect', { model: '/etc' })).rejects.toMatchObject({ name: 'NotFoundError' });
  });

  it('refuses folders that were never added, and what is no checkpoint', async () => {
    await expect(host.request('models.info', { model: '/etc' })).rejects.toMatchObject({ name: 'NotFoundError' });
    await expect(host.request('models.add', { folder: library })).rejects.toMatchObject({
      name: 'ModelNotFoundError',
      message: expect.stringContaining('model_index.json'),
    });
    await expect(host.request('models.add', { folder: 'demo/checkpoint' })).rejects.toMatchObject({
      message: expect.stringContaining('whole path'),
    });
    const added = await ask('models.add', { folder: path.resolve('demo/checkpoint') });
    expect((await ask('models.list', {})).models.map(({ id }) => id)).toEqual(['demo', added.id]);
    await ask('models.remove', { model: added.id });
    expect((await ask('models.list', {})).models).toHaveLength(1);
  });

  it('a calibration is a run with table, scheme and pictures', async () => {
    const { runs } = await ask('runs.list', {});
    const summary = runs.find(({ id }) => id === calibrated)!;
    expect(summary).toMatchObject({ kind: 'calibration', status: 'finished', hasTable: true, resumable: false });
    expect(summary.thumbnail).toEqual({ file: expect.stringMatching(/\.png$/), modified: expect.any(Number) });
    const details = await ask('runs.open', { run: calibrated });
    expect(details.pictures).toHaveLength(1);
    expect(details.pictures[0]).toMatchObject({ prompt: PROMPT, seed: 7, original: 'original.png' });
    expect(details.pictures[0]!.applied).toMatchObject({ mismatches: 0, firstMismatch: null });
    expect(details.pictures[0]!.applied!.sparsity).toBeCloseTo(details.schemes[0]!.sparsity, 10);
    expect(details.schemes).toHaveLength(1);
    const seen = events.filter(({ event }) => event === 'runs.changed');
    expect(seen.length).toBeGreaterThan(0);
  });

  it('solves its table: the search’s own plan at its own values, a preview elsewhere, with a predicted speed-up', async () => {
    const calibration = await ask('calibration.open', { run: calibrated });
    const own = {
      run: calibrated,
      delta: 0.4,
      headConstraint: 1.5,
      candidates: null,
      pins: [],
      cost: 'flops' as const,
    };
    const solved = await ask('calibration.solve', own);
    expect(solved.mode).toBe('progressive');
    expect(solved.plan).toEqual(calibration.plan);
    const looser = await ask('calibration.solve', { ...own, delta: 2, headConstraint: null });
    expect(looser.mode).toBe('preview');
    expect(looser.sparsity!).toBeGreaterThan(solved.sparsity!);
    expect(looser.attentionSpeedUp!).toBeCloseTo(1 / (1 - looser.sparsity!), 10);
    expect(looser.endToEndSpeedUp!).toBeGreaterThan(1);
    expect(looser.endToEndSpeedUp!).toBeLessThan(looser.attentionSpeedUp!);
    const pinned = await ask('calibration.solve', {
      ...own,
      pins: [{ step: 1, layer: null, head: 0, method: 'cached' }],
    });
    const methods = calibration.methods;
    for (let layer = 0; layer < calibration.layers.length; layer++) {
      expect(pinned.plan[(calibration.layers.length + layer) * calibration.heads]).toBe(methods.indexOf('cached'));
    }
    await expect(host.request('calibration.solve', { ...own, cost: 'measured' })).rejects.toMatchObject({
      name: 'UnavailableError',
    });
  });

  it('saves and exports what the sliders say, and tells two schemes apart', async () => {
    const tuning = {
      run: calibrated,
      delta: 2,
      headConstraint: null,
      candidates: null,
      pins: [],
      cost: 'flops' as const,
    };
    const saved = await ask('calibration.saveScheme', { ...tuning, name: 'Loose / one' });
    expect(saved.scheme).toBe('Loose-one.scheme.json');
    await expect(host.request('calibration.saveScheme', { ...tuning, name: 'Loose / one' })).rejects.toThrow(
      'another name',
    );
    const content = await ask('schemes.get', saved);
    expect(content).toMatchObject({ mode: 'preview', search: { delta: 2, headConstraint: null } });
    const diff = await ask('schemes.diff', {
      a: { kind: 'scheme', run: calibrated, scheme: 'scheme.scheme.json' },
      b: { kind: 'solve', ...tuning },
    });
    expect(diff.changedHeads).toBe(diff.transitions.reduce((sum, { heads }) => sum + heads, 0));
    expect(diff.changedHeads).toBeGreaterThan(0);
    expect(diff.settings).toContainEqual({ field: 'δ', a: '0.4', b: '2' });
    const exported = await ask('schemes.export', { plan: { kind: 'scheme', ...saved } });
    const imported = await ask('runs.import', { fileName: exported.fileName, data: exported.data });
    expect(imported.holds).toBe('scheme');
    const again = await ask('schemes.export', {
      plan: { kind: 'scheme', run: imported.run, scheme: 'scheme.scheme.json' },
    });
    expect(again.data).toEqual(exported.data);
  });

  it('exports and imports a table without a change', async () => {
    const exported = await ask('runs.exportTable', { run: calibrated });
    const { run, holds } = await ask('runs.import', { fileName: 'rse.safetensors', data: exported.data });
    expect(holds).toBe('table');
    expect((await ask('runs.exportTable', { run })).data).toEqual(exported.data);
    const before = await ask('calibration.open', { run: calibrated });
    const after = await ask('calibration.open', { run });
    expect(after.rse).toEqual(before.rse);
    expect(after.plan).toBeNull();
  });

  it.each([
    ['nothing.scheme.json', '{'],
    ['deep.scheme.json', `{"a":${'['.repeat(5_000_000)}`],
    ['deep.safetensors', `\xff\x00\x00\x00\x00\x00\x00\x00{"a":${'['.repeat(300)}`],
    ['empty.safetensors', ''],
    ['picture.png', '\x89PNG\r\n\x1a\n and so on'],
    ['other.json', '{"format":"something else"}'],
  ])('refuses to import %s, naming it', async (fileName, text) => {
    const before = await readdir(library);
    const data = new TextEncoder().encode(text);
    await expect(host.request('runs.import', { fileName, data })).rejects.toThrow(fileName);
    expect(await readdir(library)).toEqual(before);
  });

  it('makes pictures with full attention, under a plan, and both', async () => {
    const plan = { kind: 'scheme' as const, run: calibrated, scheme: 'scheme.scheme.json' };
    const samples = [
      { prompt: PROMPT, seed: 1 },
      { prompt: 'a blue cube and a wombat', seed: 2 },
    ];
    const wish = { kind: 'generate' as const, model: null, samples, sampling: SMALL, compare: false };
    const full = await runToEnd(host, { ...wish, plan: null });
    expect(full.notices.join()).toContain('wombat');
    const pictures = async (run: string | null) => (await ask('runs.open', { run: run! })).pictures;
    expect(await pictures(full.run)).toMatchObject([
      { original: 'original.png', compressed: null, metrics: null },
      { original: 'original-2.png', compressed: null },
    ]);
    const both = await runToEnd(host, { ...wish, plan, compare: true });
    expect((await ask('runs.open', { run: both.run! })).summary).toMatchObject({
      parent: calibrated,
      kind: 'generation',
    });
    const [first] = await pictures(both.run);
    expect(first?.metrics?.ssim).toBeGreaterThan(0.3);
    const a = { run: full.run!, file: 'original.png' };
    expect(await ask('images.compare', { a, b: { run: both.run!, file: 'original.png' } })).toMatchObject({
      identical: true,
      ssim: 1,
      psnr: null,
    });
    const image = await ask('images.get', { ...a, maxSize: null });
    expect(image).toMatchObject({ mediaType: 'image/png', width: 128, height: 128 });
    expect((await ask('images.get', { ...a, maxSize: 64 })).mediaType).toBe('image/webp');
  });

  it('computes a step’s attention maps once, for every layer and head', async () => {
    const asked = {
      ...{ model: null, sample: { prompt: PROMPT, seed: 0 }, sampling: SMALL, scheme: null },
      ...{ step: 2, layer: 1, head: 0, fractions: [4, 2] },
    };
    const map = await ask('attention.map', asked);
    expect(map).toMatchObject({ size: 96, cell: 1, tokenGrid: { columns: 8, rows: 8 } });
    const row = map.values.subarray(40 * 96, 41 * 96);
    expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 4);
    expect(map.overlays.map(({ fraction }) => fraction)).toEqual([4, 2]);
    for (const { keptMass, sparsity, rows } of map.overlays) {
      expect(keptMass).toBeGreaterThan(0);
      expect(keptMass).toBeLessThanOrEqual(1.0001);
      const kept = rows.reduce(
        (sum, ranges) => sum + 32 * ranges.reduce((keys, [begin, end]) => keys + end - begin, 0),
        0,
      );
      expect(sparsity).toBeCloseTo(1 - kept / 96 ** 2, 6);
    }
    const jobs = async () =>
      (await ask('jobs.list', {})).jobs.filter(({ request }) => request.kind === 'attention-map').length;
    const before = await jobs();
    expect(await ask('attention.map', { ...asked, layer: 3, head: 2 })).toMatchObject({ layer: 3, head: 2 });
    expect(await jobs()).toBe(before);
    await expect(host.request('attention.map', { ...asked, step: 4 })).rejects.toThrow('step: expected 0 to 3');
  });

  it('sweeps δ × c: points with pictures, the front marked, equal plans made once', async () => {
    const job = await runToEnd(host, {
      ...{ kind: 'sweep', run: calibrated, deltas: [0, 1], headConstraints: [null, 1.5], candidates: null },
      ...{ granularity: 'head', cost: 'flops', samples: [{ prompt: PROMPT, seed: 3 }] },
    });
    expect(job).toMatchObject({ status: 'finished', error: null });
    const { sweep, pictures, summary } = await ask('runs.open', { run: job.run! });
    expect(summary).toMatchObject({ kind: 'sweep', parent: calibrated });
    expect(sweep).toHaveLength(4);
    expect(sweep[0]).toMatchObject({ delta: 0, sparsity: 0, ssim: 1 });
    expect(sweep[1]!.pictures).toEqual(sweep[0]!.pictures);
    expect(pictures.length).toBeLessThan(4);
    expect(sweep.filter(({ onFront }) => onFront).length).toBeGreaterThan(0);
    for (const { pictures: own } of sweep) expect(pictures[own[0]!]?.compressed).toMatch(/^point-\d/);
  });

  it('confirms a preview by a search at its values', async () => {
    const job = await runToEnd(host, {
      ...{ kind: 'confirm-search', run: calibrated, delta: 1, headConstraint: null, candidates: ['cached'] },
      ...{ granularity: 'layer', cost: 'flops', evaluate: [] },
    });
    expect(job).toMatchObject({ status: 'finished', error: null });
    const confirmed = await ask('calibration.open', { run: job.run! });
    expect(confirmed.search).toMatchObject({ delta: 1, granularity: 'layer', candidates: ['cached'] });
    expect((await ask('runs.open', { run: job.run! })).summary.parent).toBe(calibrated);
  });

  it('does not go on with a run of another model', async () => {
    const data = new Uint8Array(encodeRseTable(fluxTable()));
    const { run } = await ask('runs.import', { fileName: 'foreign.safetensors', data });
    const bounds = { run, granularity: 'head' as const, cost: 'flops' as const };
    const confirmed = await runToEnd(host, {
      ...{ ...bounds, kind: 'confirm-search', delta: 1, headConstraint: null, candidates: ['cached'], evaluate: [] },
    });
    const swept = await runToEnd(host, {
      ...{ ...bounds, kind: 'sweep', deltas: [1], headConstraints: [null], candidates: null },
      samples: [{ prompt: PROMPT, seed: 3 }],
    });
    for (const job of [confirmed, swept]) {
      expect(job).toMatchObject({ status: 'failed', error: { name: 'OtherModelError' } });
      expect(job.error?.message).toContain('sha256:synthetic');
    }
  });

  it('a cancelled calibration keeps its steps, and ends with the bytes of one that ran through', async () => {
    const wish = smallCalibration({ sampling: { ...SMALL, steps: 12 }, seeds: [5] });
    const whole = await runToEnd(host, wish);
    const running = runToEnd(host, wish);
    const started = await new Promise<string>((resolve) => {
      const stop = host.subscribe((event) => {
        if (event.event !== 'job.progress' || event.payload.progress.value < 0.3) return;
        stop();
        resolve(event.payload.id);
      });
    });
    await ask('jobs.cancel', { id: started });
    const cancelled = await running;
    expect(cancelled).toMatchObject({ status: 'cancelled', error: { name: 'CancelledError' } });
    expect((await ask('runs.open', { run: cancelled.run! })).summary).toMatchObject({
      status: 'cancelled',
      resumable: true,
    });
    const resumed = await runToEnd(host, { kind: 'resume', run: cancelled.run! });
    expect(resumed).toMatchObject({ status: 'finished', run: cancelled.run });
    for (const file of ['rse.safetensors', 'scheme.scheme.json']) {
      const [a, b] = [whole, resumed].map(({ run }) => path.join(library, run!, file));
      expect(await readFile(b!)).toEqual(await readFile(a!));
    }
  });

  it('solves a table of FLUX’s size for a slider', async () => {
    const data = new Uint8Array(encodeRseTable(fluxTable()));
    const { run } = await ask('runs.import', { fileName: 'flux.safetensors', data });
    await ask('calibration.open', { run });
    const times: number[] = [];
    for (let n = 0; n < 40; n++) {
      const started = performance.now();
      const delta = 0.1 + n / 20;
      const solved = await host.request('calibration.solve', {
        ...{ run, delta, headConstraint: n % 2 === 0 ? null : 1.5, candidates: null, pins: [], cost: 'flops' },
      });
      times.push(performance.now() - started);
      expect(solved.plan).toHaveLength(50 * 57 * 24);
      expect(solved.endToEndSpeedUp).toBeNull();
    }
    times.sort((a, b) => a - b);
    process.stdout.write(`solve at FLUX size: median ${times[20]!.toFixed(1)} ms, p95 ${times[37]!.toFixed(1)} ms\n`);
  });
});

// Last: it closes the model that the tests before share.
describe('the device', () => {
  it('runs on the device that settings name, from the next job on, and says why where it cannot', async () => {
    expect((await ask('device', {})).devices.at(-1)).toMatchObject({ id: 'cpu', kind: 'cpu' });
    await ask('settings.set', { device: 'cuda:99' });
    const picture: JobRequest = {
      ...{ kind: 'generate', model: null, samples: [{ prompt: PROMPT, seed: 1 }], plan: null, compare: false },
      sampling: { ...SMALL, steps: 1 },
    };
    expect((await runToEnd(host, picture)).error?.name).toBe('CudaUnavailableError');
    expect((await ask('models.info', { model: null })).isDemo).toBe(true);
    await ask('settings.set', { device: 'cpu' });
    expect((await runToEnd(host, picture)).error).toBeNull();
    await expect(host.request('settings.set', { device: 'gpu' })).rejects.toThrow(/device/);
    await ask('settings.set', { device: 'auto' });
  });
});
