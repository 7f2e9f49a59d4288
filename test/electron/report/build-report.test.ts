import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { buildReport } from '../../../electron/report/build-report.ts';
import { methodShares } from '../../../electron/report/method-shares.ts';
import { REPORT_SCRIPT } from '../../../electron/report/report-script.ts';
import { syntheticReport } from './synthetic-report.ts';

const SMALL = { steps: 3, layers: 4, heads: 2 };
const VARIANTS = [
  'arrow/8',
  'arrow/8+residual',
  'arrow/16+residual',
  'cfg',
  'cfg+arrow/8',
  'cfg+arrow/8+residual',
  'cfg+arrow/16+residual',
  'cached',
];

function block(page: string, open: string, close: string): string {
  const start = page.indexOf(open) + open.length;
  return page.slice(start, page.indexOf(close, start));
}

describe('buildReport', () => {
  it('escapes prompts wherever they stand', async () => {
    const data = await syntheticReport(SMALL);
    const hostile = '</script><img src=x onerror="alert(1)">\'&';
    const [pair] = data.pairs;
    const page = buildReport({
      ...data,
      model: { ...data.model, name: hostile },
      search: { ...data.search, prompts: [hostile] },
      pairs: [{ ...pair!, prompt: hostile }],
      table: { ...data.table, layers: data.table.layers.map(() => hostile) },
      commands: [{ purpose: hostile, line: hostile }],
    });
    expect(page).not.toContain('<img src=x');
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page.match(/<script/g)).toHaveLength(2);
  });

  it('says what the pictures were not to show, where there was such a thing', async () => {
    const data = await syntheticReport(SMALL);
    const page = buildReport(data);
    expect(page).toContain('<dt>Negative prompt</dt><dd>fog &#38; &#60;rain&#62;</dd>');
    expect(page).toContain('without <q>text</q>');
    const without = buildReport({
      ...data,
      search: { ...data.search, negativePrompt: null },
      pairs: data.pairs.map((pair) => ({ ...pair, negativePrompt: null })),
    });
    expect(without).not.toContain('Negative prompt');
    expect(without).not.toContain('without <q>');
  });

  it('permits its own style and script by hash and nothing from outside', async () => {
    const page = buildReport(await syntheticReport(SMALL));
    const policy = block(page, 'http-equiv="Content-Security-Policy" content="', '"').replaceAll('&#39;', "'");
    const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`style-src ${hash(block(page, '<style>', '</style>'))}`);
    expect(policy).toContain(`script-src ${hash(block(page, '<script>', '</script>'))}`);
    expect(policy).not.toContain('unsafe');
    // Style attributes and event attributes would be refused by that policy.
    expect(page).not.toMatch(/\s(style|on[a-z]+)="/);
    expect(page).not.toMatch(/(src|href)="(?!data:)/);
    expect(() => new Function(REPORT_SCRIPT)).not.toThrow();
  });

  it('hands the script the whole table and the whole plan', async () => {
    const data = await syntheticReport(SMALL);
    const script = JSON.parse(block(buildReport(data), 'id="data">', '</script>'));
    const rse = new Float32Array(new Uint8Array(Buffer.from(script.rse, 'base64')).buffer);
    expect(rse).toEqual(data.table.rse);
    expect([...Buffer.from(script.choices, 'base64')]).toEqual(data.plan.choices.flat(2));
    const labels = ['arrow 1/8', 'arrow 1/16', 'arrow 1/32', 'cached'];
    expect(script).toMatchObject({ steps: 3, heads: 2, methods: labels, planMethods: ['full', ...labels] });
  });

  it('tells variants apart: by words in legends, by marks in cells, by family where one is chosen', async () => {
    const data = await syntheticReport(SMALL, VARIANTS);
    const page = buildReport(data);
    expect(page).toContain('</svg>CFG shared arrow 1/8 + residual</li>');
    expect(page).toContain('<span class="family">Arrow + residual<span class="choice">');
    const script = JSON.parse(block(page, 'id="data">', '</script>'));
    expect(script.planMarks).toEqual(['', '8', '8+', '16+', '', '8', '8+', '16+', 'c']);
    const patterns = [...page.matchAll(/<pattern id="(plan-method-\d+)"/g)].map(([, id]) => `url(#${id})`);
    expect(patterns).toHaveLength(4);
    // Plain methods and residuals, which text marks here, are colours; what shares guidance is a pattern that exists.
    expect(script.planFills.filter((fill: string) => fill.startsWith('url'))).toEqual(patterns);
    const small = buildReport(await syntheticReport({ steps: 2, layers: 57, heads: 24 }, VARIANTS));
    expect(small.match(/<pattern id="plan-method-/g)).toHaveLength(6);
    const plan = small.slice(small.indexOf('<svg id="plan-map"'));
    const used = [...block(plan, '<g class="cells">', '</g>').matchAll(/url\(#(plan-method-\d+)\)/g)];
    expect(used.every(([, id]) => small.includes(`<pattern id="${id}"`))).toBe(true);
    expect(used.length).toBeGreaterThan(0);
  });

  it.each([
    { steps: 1, layers: 1, heads: 1 },
    { steps: 50, layers: 57, heads: 24 },
    { steps: 4, layers: 3, heads: 64 },
  ])('draws every head at $steps × $layers × $heads', async (size) => {
    const page = buildReport(await syntheticReport(size));
    for (const id of ['rse-map', 'plan-map']) {
      const cells = block(page.slice(page.indexOf(`<svg id="${id}"`)), '<g class="cells">', '</g>');
      expect(cells.match(/<rect/g)).toHaveLength(size.layers * size.heads);
    }
    const written = page.slice(0, page.indexOf('<script'));
    expect(['NaN', 'undefined', 'Infinity'].filter((word) => written.includes(word))).toEqual([]);
  });

  it('hatches what was not possible and shows equal pictures as such', async () => {
    const data = await syntheticReport(SMALL);
    const [pair] = data.pairs;
    data.table.rse.fill(Number.NaN);
    const page = buildReport({ ...data, pairs: [{ ...pair!, ssim: 1, psnr: Number.POSITIVE_INFINITY, lpips: 0 }] });
    expect(page.match(/fill="url\(#rse-map-none\)"/g)).toHaveLength(8);
    expect(page).toContain('∞ (equal)');
    expect(page).toContain('0.0000');
  });

  it('says how to add the weights that LPIPS needs, where it has none', async () => {
    const data = await syntheticReport(SMALL);
    const [pair] = data.pairs;
    const command = 'npx arrowhead weights add lpips-alex --download';
    expect(buildReport(data)).toContain(command);
    const small = { ...data, sampling: { ...data.sampling, width: 63 } };
    expect(buildReport(small)).toContain('LPIPS is for pictures of at least 64×64');
    const whole = buildReport({ ...data, pairs: [{ ...pair!, lpips: 0.1234, lpipsPaper: 0.0567 }] });
    expect(whole).not.toContain(command);
    expect(whole).toContain('<dt>LPIPS (AlexNet)</dt><dd>0.1234</dd>');
    expect(whole).toContain('<dt>with inputs in [0, 1]</dt><dd>0.0567</dd>');
  });

  it('marks a preview as one', async () => {
    const data = await syntheticReport(SMALL);
    expect(buildReport(data)).not.toContain('preview');
    expect(buildReport({ ...data, search: { ...data.search, mode: 'preview' } })).toContain('preview: re-solved');
  });
});

describe('methodShares', () => {
  it('sums to one at every step', async () => {
    const { plan } = await syntheticReport({ steps: 5, layers: 3, heads: 4 });
    for (const shares of methodShares(plan)) {
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    }
  });
});
