import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planAblation } from '../../../calibration/index.ts';
import { writeSd3Folder } from '../../fixtures/pipeline-folders.ts';
import { runArrowhead, runProcess, startArrowhead } from './run-arrowhead.ts';

const MODEL = fileURLToPath(new URL('../../golden/pipeline/flux-pipeline-tiny', import.meta.url));
const SMALL = [
  ...['ablate', '--model', MODEL, '--prompt', 'a large red sphere', 'a blue cube', '--size', '64x64', '--steps', '4'],
  ...['--evaluation', 'a red cube', 'a cone', '--evaluation-seed', '3', '--candidates', 'arrow/2,arrow/8,cached'],
  ...['--deltas', '0.1,0.4', '--head-constraints', '1.5', '--delta', '0.4'],
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-ablate-'));
});
afterAll(() => rm(folder, { recursive: true }));
const at = (...parts: readonly string[]): string => path.join(folder, ...parts);
const jsonOf = async (file: string) => JSON.parse(await readFile(file, 'utf8'));

/** What must not depend on interruptions or on the clock. */
async function outcome(place: string): Promise<unknown> {
  const { results, settings } = await jsonOf(path.join(place, 'ablation.json'));
  const schemes = await Promise.all(
    results.map((result: { folder: string }) =>
      readFile(path.join(place, result.folder, 'scheme.scheme.json'), 'utf8'),
    ),
  );
  const timeless = results.map(
    ({ measuredSpeedUp: _a, searchSeconds: _b, pictureSeconds: _c, ...rest }: Record<string, unknown>) => rest,
  );
  return { settings, timeless, schemes };
}

describe('arrowhead ablate', () => {
  it('forecasts time and memory, and with --dry-run does nothing else', async () => {
    const { code, stdout } = await runArrowhead(...SMALL, '--out', at('dry'), '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Forecast: at most about .* for 7 searches \(the longest .*\) and 16 pictures \(.* each\),/,
    );
    expect(stdout).toMatch(/beside the weights about .* of memory, of .* that are free\./);
    expect(await readdir(folder)).toEqual([]);
    const json = JSON.parse((await runArrowhead(...SMALL, '--dry-run', '--json')).stdout);
    expect(json).toMatchObject({ result: null, forecast: { searches: 7, pictures: 16 } });
    const { probe, seconds, searchSeconds, secondsPerPicture, memory } = json.forecast;
    for (const value of Object.values(probe)) expect(value).toBeGreaterThan(0);
    const { stepSeconds, measureSeconds } = probe;
    const one = 2 * 4 * (stepSeconds + measureSeconds);
    // DiTFastAttn's: a pass with full attention, one for each of 3 layers and 2 candidates, and the step itself.
    const greedy = 2 * 4 * (8 * stepSeconds + measureSeconds);
    for (const [n, expected] of [one, one, one, one, one, one, greedy].entries())
      expect(searchSeconds[n]).toBeCloseTo(expected, 6);
    expect(seconds).toBeCloseTo(6 * one + greedy + 16 * secondsPerPicture, 6);
    expect(memory.neededBytes).toBeGreaterThan(0);
    expect(memory.neededBytes).toBeLessThan(memory.freeBytes);
  });

  it('makes every table, picture and scheme, each row by a search of its own', async () => {
    const { code, stdout, stderr } = await runProcess(...SMALL, '--out', at('whole'), '--json');
    expect(stderr).toContain('Forecast: at most about');
    expect(code).toBe(0);
    const { result } = JSON.parse(stdout);
    expect(result.folder).toBe(at('whole'));
    expect((await readdir(at('whole'))).sort()).toEqual([
      ...['ablation-algorithm.csv', 'ablation-budget.csv', 'ablation-constraint.csv', 'ablation-methods.csv'],
      ...['ablation.json', 'ablation.md', 'ablation.svg', 'original-2.png', 'original.png', 'searches'],
    ]);
    const { settings, results } = await jsonOf(at('whole', 'ablation.json'));
    expect(results.map(({ search }: { search: unknown }) => search)).toEqual(planAblation(settings).searches);
    for (const { search, folder: own, sparsity, mismatches, ssim } of results) {
      const names = ['applied.json', 'compressed-2.png', 'compressed.png', 'rse.safetensors', 'run.json'];
      expect((await readdir(at('whole', own))).sort()).toEqual([...names, 'scheme.scheme.json']);
      const scheme = await jsonOf(at('whole', own, 'scheme.scheme.json'));
      expect(scheme.stats.sparsity).toBe(sparsity);
      const { granularity = 'head', threshold = null, ...rest } = scheme.search;
      expect({ ...rest, granularity, threshold }).toMatchObject(search);
      expect(rest.algorithm).toBe(threshold === null ? undefined : 'ditfastattn');
      expect(mismatches).toBe(0);
      expect(ssim).toBeLessThanOrEqual(1);
    }
    const markdown = await readFile(result.files.markdown, 'utf8');
    for (const title of ['Methods', 'Head constraint', 'Error budget', 'Algorithm'])
      expect(markdown).toContain(`## ${title}\n`);
    expect(markdown).not.toContain('not made yet');
    expect(result.tables[2].rows[1].result.sparsity).toBeGreaterThanOrEqual(result.tables[2].rows[0].result.sparsity);
  });

  it('shares between the halves of guidance where a model has them, and says why where it has not', async () => {
    const markdown = await readFile(at('whole', 'ablation.md'), 'utf8');
    const reason = 'cannot run: flux-pipeline-tiny (flux) has its guidance built in';
    expect(markdown).toContain(`| + CFG sharing | ${reason} | – |`);
    await writeSd3Folder(at('sd3'));
    const sd3 = ['ablate', '--model', at('sd3'), '--size', '64x64'];
    const small = ['--steps', '4', '--prompt', 'a cube', '--evaluation', 'a cone', '--candidates', 'arrow/4,cached'];
    const args = [
      ...sd3,
      ...small,
      '--tables',
      'methods,algorithm',
      '--thresholds',
      '0.3',
      '--delta',
      '2',
      '--head-constraint',
      'none',
    ];
    const { stdout } = await runArrowhead(...args, '--guidance', '5', '--out', at('guided'), '--json');
    const [{ rows }, { rows: searches }] = JSON.parse(stdout).result.tables;
    expect(searches[2].result.search.candidates).toContain('cfg+arrow/4+residual');
    expect(rows).toHaveLength(6);
    for (const { reason: none, result } of [...rows, ...searches]) {
      expect(none).toBeNull();
      expect(result.mismatches).toBe(0);
    }
    const { methods } = await jsonOf(at('guided', rows[4].result.folder, 'scheme.scheme.json'));
    expect(methods).toEqual(['full', 'arrow/4', 'cfg', 'cfg+arrow/4', 'cached']);
    const unguided = await runArrowhead(...args, '--guidance', '1', '--dry-run', '--json');
    expect(JSON.parse(unguided.stdout).forecast.searches).toBe(6);
  });

  it('killed at any moment and resumed, keeps what is finished and ends with the same', async () => {
    const place = at('killed');
    let mode: readonly string[] = [];
    let kept = 0;
    for (let kill = 0; kill < 3; kill++) {
      const { child, result, said } = startArrowhead([...SMALL, '--out', place, ...mode]);
      await Promise.race([said('Search'), result]);
      await sleep(Math.random() * 700);
      child.kill('SIGKILL');
      await result;
      const { results } = await jsonOf(path.join(place, 'ablation.json'));
      expect(results.length).toBeGreaterThanOrEqual(kept);
      kept = results.length;
      mode = ['--resume'];
    }
    // Its own settings are used where none are given.
    const { code, stderr } = await runProcess('ablate', '--model', MODEL, '--out', place, '--resume');
    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
    expect(await outcome(place)).toEqual(await outcome(at('whole')));
    expect((await readdir(place)).sort()).toEqual((await readdir(at('whole'))).sort());
  }, 120_000);

  it('cancelled, says what is kept and how to go on; finished, is told again at once', async () => {
    const { child, result, said } = startArrowhead([...SMALL, '--device', 'cpu', '--out', at('cut')]);
    await said('Search 2');
    child.kill('SIGINT');
    const { code, stderr } = await result;
    expect(code).toBe(130);
    expect(stderr).toMatch(/Cancelled: \d of 7 searches are kept in /);
    expect(stderr).toContain(
      `Go on with: npx arrowhead ablate --model ${MODEL} --device cpu --out ${at('cut')} --resume`,
    );
    const before = await outcome(at('whole'));
    // What a killed write leaves, and the lock of a killed program.
    const leftovers = ['.ablation.md.8244-22.tmp', '.run.lock'];
    for (const name of leftovers) await writeFile(at('whole', name), '');
    const again = await runArrowhead('ablate', '--model', MODEL, '--out', at('whole'), '--resume');
    expect(again.stderr).toContain('for 0 searches');
    expect(again.stdout).toMatch(/Head constraint\n *c +left out +SSIM/);
    expect(await outcome(at('whole'))).toEqual(before);
    for (const name of leftovers) expect(await readdir(at('whole'))).not.toContain(name);
  });

  it('goes on under the same settings only, and names those that differ', async () => {
    const args = ['ablate', '--model', MODEL, '--out', at('whole'), '--resume'];
    const { code, stderr } = await runArrowhead(...args, '--delta', '0.3', '--tables', 'budget', '--steps', '4');
    expect(code).toBe(1);
    expect(stderr).toMatch(/delta was 0\.4, now 0\.3; tables was \[.*\], now \["budget"\]/);
    expect(stderr).not.toContain('steps was');
  });

  it('touches nothing that it did not write', async () => {
    expect((await runArrowhead(...SMALL, '--out', at('whole'))).stderr).toMatch(/It holds an ablation\. Give --resume/);
    await mkdir(at('photos'));
    await writeFile(at('photos', 'cat.jpg'), 'cat');
    for (const flags of [[], ['--force'], ['--resume']])
      expect((await runArrowhead(...SMALL, '--out', at('photos'), ...flags)).stderr).toMatch(/holds other files/);
    expect((await runArrowhead('ablate', '--resume', '--out', at('nothing'))).stderr).toMatch(
      /holds no ablation to resume/,
    );
    await writeFile(at('cut', 'notes.txt'), 'mine');
    const fresh = await runArrowhead(...SMALL, '--tables', 'algorithm', '--out', at('cut'), '--force');
    expect(fresh.code).toBe(0);
    const { results } = await jsonOf(at('cut', 'ablation.json'));
    expect((await readdir(at('cut', 'searches'))).sort()).toEqual(
      results.map((result: { folder: string }) => path.basename(result.folder)).sort(),
    );
    expect(await readFile(at('cut', 'notes.txt'), 'utf8')).toBe('mine');
  });

  it.each([
    [['--tables', 'methods,speed'], /"speed" is none of methods, constraint/],
    [['--deltas', '0.2,0.2'], /0\.2 is given twice/],
    [['--head-constraints', 'some'], /or none/],
    [['--resume'], /--resume needs --out/],
    [['--resume', '--force', '--out', 'x'], /give one/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await runArrowhead('ablate', ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
