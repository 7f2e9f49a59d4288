import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  runArrowhead,
  runArrowheadUnprivileged,
  runArrowheadWithLittleSpace,
  runProcess,
  startArrowhead,
} from './run-arrowhead.ts';

const GOLDEN = fileURLToPath(new URL('../../golden/pipeline', import.meta.url));
const MODEL = path.join(GOLDEN, 'flux-pipeline-tiny');
const SEARCH = ['--model', MODEL, '--prompt', 'a large red sphere', 'a blue cube', '--seed', '0', '7'];
const SMALL = [...SEARCH, '--size', '64x64', '--steps', '4'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-calibrate-'));
});
afterAll(() => rm(folder, { recursive: true }));
const at = (...parts: readonly string[]): string => path.join(folder, ...parts);
const jsonOf = async (file: string) => JSON.parse(await readFile(file, 'utf8'));

describe('arrowhead calibrate', () => {
  it('writes a run folder and prints exactly one JSON object', async () => {
    const { code, stdout, stderr } = await runProcess(
      'calibrate',
      ...SMALL,
      '--delta',
      '0.8',
      '--out',
      at('run'),
      '--json',
    );
    expect(stderr).toContain('Calibrating');
    expect(code).toBe(0);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ folder: at('run'), table: at('run', 'rse.safetensors'), resumedSteps: 0 });
    expect((await readdir(at('run'))).sort()).toEqual(['rse.safetensors', 'run.json', 'scheme.scheme.json']);
    const run = await jsonOf(at('run', 'run.json'));
    expect(run).toMatchObject({
      status: 'finished',
      model: { name: 'flux-pipeline-tiny' },
      sampling: { steps: 4, width: 64, height: 64 },
      search: { delta: 0.8, headConstraint: 1.5, prompts: ['a large red sphere', 'a blue cube'], seeds: [0, 7] },
    });
    const scheme = await jsonOf(summary.scheme);
    expect(scheme.stats.sparsity).toBe(summary.sparsity);
    expect(scheme.search.mode).toBe('progressive');
    expect(scheme.plan).toHaveLength(4);
  });

  it('does not touch what a folder holds already', async () => {
    const again = await runArrowhead('calibrate', ...SMALL, '--out', at('run'));
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/It holds a run\. Give --resume to go on with it, --force to start over/);
    await mkdir(at('photos'));
    await writeFile(at('photos', 'cat.jpg'), 'cat');
    for (const flag of ['--resume', '--force']) {
      const { code, stderr } = await runArrowhead('calibrate', ...SMALL, '--out', at('photos'), flag);
      expect(code).toBe(1);
      expect(stderr).toMatch(/It holds other files \(cat\.jpg/);
    }
    expect(await readdir(at('photos'))).toEqual(['cat.jpg']);
  });

  it('refuses candidates that the model cannot run before it makes or clears a folder', async () => {
    const impossible = ['calibrate', ...SMALL, '--candidates', 'cfg'];
    const before = await readdir(at('run'));
    for (const where of [['none'], ['run', '--force']]) {
      const { code, stderr } = await runArrowhead(...impossible, '--out', at(where[0]!), ...where.slice(1));
      expect(code).toBe(2);
      expect(stderr).toMatch(/candidates: cfg shares attention .* has its guidance built in/);
    }
    expect(await readdir(at('run'))).toEqual(before);
    expect(await readdir(folder)).not.toContain('none');
  });

  it('starts over with --force, and keeps files of the user', async () => {
    await writeFile(at('run', 'notes.txt'), 'mine');
    const args = ['calibrate', ...SMALL, '--delta', '0.2', '--out', at('run'), '--force'];
    const { code, stdout, stderr } = await runArrowhead(...args);
    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
    expect(stdout).toContain(
      `generate --prompt "…" --model ${MODEL} --scheme ${at('run', 'scheme.scheme.json')} --out`,
    );
    expect(await readFile(at('run', 'notes.txt'), 'utf8')).toBe('mine');
    expect((await jsonOf(at('run', 'scheme.scheme.json'))).search.delta).toBe(0.2);
  });

  it('searches layer by layer, and resumes no other way', async () => {
    const args = ['calibrate', ...SMALL, '--delta', '1', '--out', at('layerwise')];
    expect((await runArrowhead(...args, '--granularity', 'layer')).code).toBe(0);
    const { plan, search } = await jsonOf(at('layerwise', 'scheme.scheme.json'));
    expect(search.granularity).toBe('layer');
    for (const heads of plan.flat()) expect(new Set(heads).size).toBe(1);
    const resumed = await runArrowhead('calibrate', '--model', MODEL, '--out', at('layerwise'), '--resume');
    expect(resumed.code).toBe(0);
    const other = await runArrowhead(...args, '--granularity', 'head', '--resume');
    expect(other.stderr).toMatch(/granularity was layer, now head/);
  });

  it('searches as DiTFastAttn does, by a threshold in the place of δ and c', async () => {
    const args = ['calibrate', ...SMALL, '--algorithm', 'ditfastattn', '--out', at('greedy')];
    expect((await runArrowhead(...args, '--threshold', '0.5')).code).toBe(0);
    const { plan, search, methods } = await jsonOf(at('greedy', 'scheme.scheme.json'));
    // FLUX has no halves of guidance to share between.
    const candidates = ['cached', 'arrow/8+residual'];
    expect(search).toMatchObject({
      algorithm: 'ditfastattn',
      threshold: 0.5,
      delta: 0,
      headConstraint: null,
      candidates,
    });
    for (const heads of plan.flat()) expect(new Set(heads).size).toBe(1);
    expect(new Set(plan.flat(2)).size).toBeGreaterThan(1);
    expect(methods).toEqual(['full', 'arrow/8+residual', 'cached']);
    expect((await jsonOf(at('greedy', 'run.json'))).search).toMatchObject({ algorithm: 'ditfastattn', threshold: 0.5 });
    const resumed = ['calibrate', '--model', MODEL, '--out', at('greedy'), '--resume'];
    expect((await runArrowhead(...resumed)).code).toBe(0);
    expect((await runArrowhead(...resumed, '--threshold', '0.4')).stderr).toMatch(/threshold was 0\.5, now 0\.4/);
  });

  it.each([
    [['--threshold', '0.1'], /--threshold is for --algorithm ditfastattn/],
    [['--algorithm', 'ditfastattn', '--delta', '0.1'], /DiTFastAttn knows no --delta/],
    [['--algorithm', 'greedy'], /Allowed choices are progressive, ditfastattn/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await runArrowhead('calibrate', ...SMALL, ...args, '--out', at('none'));
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('says which settings a resumed run has otherwise', async () => {
    const args = ['calibrate', '--model', MODEL, '--out', at('run'), '--resume'];
    const { code, stderr } = await runArrowhead(...args, '--delta', '0.3', '--seed', '0', '--head-constraint', 'none');
    expect(code).toBe(1);
    expect(stderr).toMatch(/seeds was 0, 7, now 0; delta was 0\.2, now 0\.3; head constraint was 1\.5, now none/);
    expect((await runArrowhead(...args, '--delta', '0.2')).code).toBe(0);
    expect((await runArrowhead('calibrate', '--out', at('nothing'), '--resume')).stderr).toMatch(
      /holds no calibration to resume/,
    );
  });

  it('does not resume with another model', async () => {
    await cp(MODEL, at('other'), { recursive: true });
    const weights = at('other', 'transformer', 'diffusion_pytorch_model.safetensors');
    const bytes = await readFile(weights);
    // The low bits of every number behind the header: still a model, but another one.
    for (let index = 8 + Number(bytes.readBigUInt64LE()); index < bytes.length; index += 4) bytes[index]! ^= 1;
    await rm(weights);
    await writeFile(weights, bytes);
    const { code, stderr } = await runArrowhead('calibrate', '--model', at('other'), '--out', at('run'), '--resume');
    expect(code).toBe(1);
    expect(stderr).toMatch(/model was flux-pipeline-tiny \(sha256:\w+\), now other \(sha256:/);
    expect(stderr).toContain('Give the --model and --device that it began with');
  });

  it('keeps the finished steps when cancelled, and says how to go on', async () => {
    const { child, result, said } = startArrowhead([
      'calibrate',
      ...SEARCH,
      '--size',
      '96x96',
      '--steps',
      '60',
      '--out',
      at('cut'),
    ]);
    await said('step 7 of');
    child.kill('SIGINT');
    const { code, stderr } = await result;
    expect(code).toBe(130);
    expect(stderr).toMatch(/Cancelled: \d+ of 60 steps are kept in /);
    expect(stderr).toContain(`Go on with: npx arrowhead calibrate --model ${MODEL} --out ${at('cut')} --resume`);
    expect((await jsonOf(at('cut', 'run.json'))).status).toBe('cancelled');
  });

  it('explains a folder that it may not write', async () => {
    await mkdir(at('locked'), { mode: 0o555 });
    const { code, stderr } = await runArrowheadUnprivileged('calibrate', ...SMALL, '--out', at('locked', 'run'), '-q');
    expect(stderr).toMatch(/^error: Cannot write .*locked\/run: permission denied \(EACCES\)/);
    expect(code).toBe(1);
    expect(await readdir(at('locked'))).toEqual([]);
  });

  it('leaves whole files only when the space runs out', async () => {
    const { code, stderr } = await runArrowheadWithLittleSpace(1, 'calibrate', ...SMALL, '--out', at('full'), '-q');
    expect(stderr).toMatch(/^error: Cannot write .*calibration\.journal\.safetensors: /);
    expect(code).toBe(1);
    for (const name of await readdir(at('full')))
      expect(['run.json', 'calibration.journal.safetensors']).toContain(name);
    expect(await jsonOf(at('full', 'run.json'))).toMatchObject({ format: 'arrowhead-run' });
  });
});

describe('arrowhead solve', () => {
  const solve = async (...args: readonly string[]) =>
    JSON.parse((await runArrowhead('solve', at('run', 'rse.safetensors'), ...args, '--json')).stdout);

  it('gives a plan within the budget, with all that the issue names', async () => {
    const { methods, layers, plan, saving, sparsity, rseUsed, milliseconds } = await solve(
      '--delta',
      '0.5',
      '--head-constraint',
      '2',
    );
    expect(methods[0]).toBe('full');
    expect(layers).toHaveLength(3);
    expect(plan.map((step: number[][]) => step.map((heads) => heads.length))).toEqual(Array(4).fill([3, 3, 3]));
    for (const used of rseUsed.flat()) expect(used).toBeLessThanOrEqual(0.5 + 1e-6);
    expect(sparsity).toBeGreaterThan(0);
    expect(sparsity).toBeLessThan(1);
    expect(saving).toBeGreaterThan(0);
    expect(milliseconds).toBeGreaterThan(0);
  });

  it('spends nothing without a budget and saves no less with a larger one', async () => {
    const none = await solve('--delta', '0', '--head-constraint', 'none');
    expect(none.rseUsed.flat().every((used: number) => used === 0)).toBe(true);
    const sparsities = [];
    for (const delta of ['0.1', '1', '10'])
      sparsities.push((await solve('--delta', delta, '--head-constraint', 'none')).sparsity);
    expect(sparsities).toEqual([...sparsities].sort((a, b) => a - b));
  });

  it("takes the user's own savings", async () => {
    await writeFile(at('savings.json'), '{"arrow/8": 5, "arrow/16": 1, "arrow/32": 1, "cached": 1}');
    const { methods, plan, saving } = await solve(
      '--delta',
      '100',
      '--head-constraint',
      'none',
      '--savings',
      at('savings.json'),
    );
    const names = plan.map((step: number[][]) => step.flat().map((choice) => methods[choice]));
    // Step 0 is always full.
    expect(names).toEqual(['full', 'arrow/8', 'arrow/8', 'arrow/8'].map((name) => Array(9).fill(name)));
    expect(saving).toBe(3 * 9 * 5);
  });

  it('gives all heads of a layer one method with --granularity layer', async () => {
    const bounds = ['--delta', '1', '--head-constraint', 'none'];
    const { plan, saving } = await solve(...bounds, '--granularity', 'layer');
    for (const heads of plan.flat()) expect(new Set(heads).size).toBe(1);
    const byHead = await solve(...bounds);
    expect(byHead.saving).toBeGreaterThanOrEqual(saving);
    const odd = await runArrowhead('solve', at('run', 'rse.safetensors'), ...bounds, '--granularity', 'row');
    expect(odd.code).toBe(2);
    expect(odd.stderr).toMatch(/Allowed choices are head, layer/);
  });

  it('names the wrong file and the wrong field', async () => {
    await writeFile(at('odd.json'), '{"arrow/8": "much"}');
    const table = at('run', 'rse.safetensors');
    const args = ['solve', table, '--delta', '1', '--head-constraint', 'none', '--savings', at('odd.json')];
    expect((await runArrowhead(...args)).stderr).toMatch(/odd\.json: field "arrow\/8"/);
    const scheme = await runArrowhead('solve', at('run', 'run.json'), '--delta', '1', '--head-constraint', 'none');
    expect(scheme.code).toBe(1);
    expect(scheme.stderr).toMatch(/run\.json: .*safetensors/);
  });
});

describe('arrowhead generate --scheme', () => {
  const picture = ['generate', '--prompt', 'a large red sphere', '-q', '--json', '--scheme'];

  it('takes the sampling of the scheme and tells its sparsity', async () => {
    const args = [...picture, at('run', 'scheme.scheme.json'), '--model', MODEL, '--out', at('fast.png')];
    const result = JSON.parse((await runArrowhead(...args)).stdout);
    const { stats } = await jsonOf(at('run', 'scheme.scheme.json'));
    expect(result).toMatchObject({ steps: 4, width: 64, height: 64, sparsity: stats.sparsity });
    expect(result.applied).toMatchObject({ calls: 4 * 3, heads: stats.heads, mismatches: 0, firstMismatch: null });
    expect(result.applied.sparsity).toBeCloseTo(stats.sparsity, 10);
    const [plain, json] = [args.filter((word) => word !== '--json'), await jsonOf(at('run', 'scheme.scheme.json'))];
    const { stdout } = await runArrowhead(...plain, '--force');
    const ran = json.methods.map((method: string, n: number) => `${stats.heads[n]} ${method}`).join(', ');
    expect(stdout).toContain(`heads that ran: ${ran} of 36, all as the scheme says`);
  });

  it('refuses a scheme of another model, writes nothing, and does it when forced', async () => {
    const args = [...picture, at('run', 'scheme.scheme.json'), '--model', at('other'), '--out', at('odd.png')];
    const { code, stdout, stderr } = await runArrowhead(...args);
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({ name: 'SchemeMismatchError', exitCode: 1 });
    expect(stderr).toMatch(/model: made for flux-pipeline-tiny .*, found other/);
    expect(stderr).toContain('Give --force to apply it all the same.');
    expect(await readdir(folder)).not.toContain('odd.png');
    const forced = await runArrowhead(...args, '--force');
    expect(forced.code).toBe(0);
    expect(forced.stderr).toMatch(/^note: the scheme was made for model flux-pipeline-tiny/);
  });
});

describe('arrowhead demo', () => {
  it('writes a run folder with a report that stands alone', async () => {
    const args = ['demo', '--model', MODEL, '--size', '64x64', '--steps', '3', '--prompt', 'a <red> cube & more'];
    const { code, stdout } = await runArrowhead(...args, '--out', at('demo'), '--json');
    expect(code).toBe(0);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({
      folder: at('demo'),
      report: at('demo', 'report.html'),
    });
    expect((await readdir(at('demo'))).sort()).toEqual(
      [
        'applied.json',
        'compressed.png',
        'difference.png',
        'metrics.json',
        'original.png',
        'report.html',
        'rse.safetensors',
        'run.json',
      ]
        .concat('scheme.scheme.json')
        .sort(),
    );
    const page = await readFile(summary.report, 'utf8');
    expect(page).toContain('a &#60;red&#62; cube &#38; more');
    expect(page.match(/src="data:image\/png;base64,/g)).toHaveLength(3);
    expect(page).toContain('npx arrowhead generate');
    const applied = await jsonOf(at('demo', 'applied.json'));
    expect(applied.pictures).toMatchObject([{ picture: 'compressed.png', calls: 3 * 3, mismatches: 0 }]);
    const { pictures } = await jsonOf(at('demo', 'metrics.json'));
    expect(pictures).toHaveLength(1);
    expect(pictures[0]).toMatchObject({ seed: 0, ssim: summary.ssim, original: 'original.png' });
    expect((await jsonOf(at('demo', 'run.json'))).status).toBe('finished');
  });

  it('refuses a folder that holds a run', async () => {
    const { code, stderr } = await runArrowhead('demo', '--model', MODEL, '--out', at('demo'));
    expect(code).toBe(1);
    expect(stderr).toContain('--force to start over');
  });
});
