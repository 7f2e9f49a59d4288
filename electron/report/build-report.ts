import { createHash } from 'node:crypto';
import { explainMissingLpips, whyMissing } from '../contract/lpips.ts';
import { methodLabel } from '../contract/methods.ts';
import { logScaleOf, SHADE_TABLE, shadeIndex } from './colours.ts';
import { cellTile, renderHeatmap } from './heatmap.ts';
import { embedJson, Html, html } from './html.ts';
import { renderMethodLegend, renderScaleLegend } from './legends.ts';
import { renderMethodChoice } from './method-choice.ts';
import { fillsOf, paintMethods, renderPatterns } from './method-paint.ts';
import { renderMethodShares } from './method-shares.ts';
import { percent, readable, seconds } from './numbers.ts';
import { renderPair } from './pictures.ts';
import type { ReportData, ReportTable } from './report-data.ts';
import { REPORT_SCRIPT } from './report-script.ts';
import { REPORT_STYLE } from './report-style.ts';
import { renderCommands, renderSettings } from './settings.ts';
import { commandName } from '../engine/command-name.ts';

/** Prefix of the patterns of the map of chosen methods. */
const PLAN_TILE = 'plan-method';
/** From so many layers on two heatmaps need a wide window to stand side by side. */
const BROAD_FROM_LAYERS = 40;

/** A run as one HTML file that needs nothing else: no network, no script but its own, readable without that too. */
export function buildReport(data: ReportData): string {
  const { plan, pairs, model } = data;
  const policy = [
    "default-src 'none'",
    'img-src data:',
    `style-src '${hash(REPORT_STYLE)}'`,
    `script-src '${hash(REPORT_SCRIPT)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const title = `${percent(plan.sparsity)} of attention saved on ${model.name}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(REPORT_STYLE)}</style>
</head>
<body>
<main>
${renderHeader(data)}
<section aria-labelledby="pictures"><h2 id="pictures">Pictures</h2>
<p class="lede">Each made with the same prompt, seed and sampler; calibration saw ${calibrationSaw(data)}.</p>
${pairs.map(renderPair)}</section>
${renderMaps(data)}
<section aria-labelledby="settings"><h2 id="settings">Settings</h2>${renderSettings(data)}</section>
<section aria-labelledby="repeat"><h2 id="repeat">Repeat it</h2>${renderCommands(data.commands)}</section>
<footer><span>Arrowhead ${data.version}</span><time datetime="${data.created}">${data.created.slice(0, 16).replace('T', ' ')} UTC</time></footer>
</main>
<script type="application/json" id="data">${embedJson(scriptData(data))}</script>
<script>${new Html(REPORT_SCRIPT)}</script>
</body>
</html>
`.markup;
}

function renderHeader({ plan, pairs, model, sampling, search, device }: ReportData): Html {
  const mean = (of: (pair: ReportData['pairs'][number]) => number): number =>
    pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
  const which = pairs.length > 1 ? 'mean ' : '';
  const ssim = mean((pair) => pair.ssim);
  const lpips = pairs.every((pair) => pair.lpips !== null) ? mean((pair) => pair.lpips ?? 0) : null;
  const speedUp = mean((pair) => pair.seconds.original) / mean((pair) => pair.seconds.compressed);
  const psnr = mean((pair) => pair.psnr);
  const tiles: readonly (readonly [string, Html | null])[] = [
    ['attention FLOPs saved', html`${percent(plan.sparsity)}`],
    ['denoising speed-up', html`${readable(speedUp)}×`],
    [`${which}SSIM`, html`${ssim.toFixed(3)}`],
    [`${which}PSNR`, html`${Number.isFinite(psnr) ? html`${psnr.toFixed(1)} <small>dB</small>` : '∞'}`],
    [`${which}LPIPS (AlexNet)`, lpips === null ? null : html`${lpips.toFixed(3)}`],
    ['calibration', html`${seconds(search.seconds)}`],
  ];
  const constraint = search.headConstraint === null ? 'no head constraint' : `c ${readable(search.headConstraint)}`;
  return html`<header><p class="eyebrow">Head-wise attention compression</p>
<h1>${percent(plan.sparsity)} of the attention left out, at ${pairs.length > 1 ? 'a mean' : 'an'} SSIM of ${ssim.toFixed(3)}</h1>
<p class="lede">${model.name}, ${sampling.width} × ${sampling.height}, ${sampling.steps} steps, δ ${readable(search.delta)}, ${constraint}, on ${device}.</p>
<dl class="tiles">${tiles.map(([name, value]) => (value === null ? null : html`<div><dt>${name}</dt><dd>${value}</dd></div>`))}</dl>${lpips === null ? html`<p class="note">${explainMissingLpips(whyMissing(sampling), 'alex', commandName())}</p>` : null}</header>`;
}

function calibrationSaw({ search, pairs }: ReportData): string {
  const { prompts, seeds } = search;
  const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;
  const unseen = pairs.every((pair) => !prompts.includes(pair.prompt));
  return `${count(prompts.length, 'prompt')} and ${count(seeds.length, 'seed')}${unseen ? ', none of these prompts' : ''}`;
}

function renderMaps(data: ReportData): Html {
  const { table, plan, search } = data;
  const { layers, heads, methods } = table;
  const paints = paintMethods(plan.methods);
  const tile = cellTile(PLAN_TILE, layers.length, heads);
  const fills = fillsOf(paints, tile);
  const scale = logScaleOf(table.rse);
  const step = firstTellingStep(table);
  const headLimit = search.headConstraint === null ? null : (search.headConstraint * search.delta) / heads;
  return html`<section aria-labelledby="heads"><h2 id="heads">Heads</h2>
<p class="lede">Rows are heads, columns are layers. The relative squared error (RSE) says how far a head's output moves when it uses a cheaper method; the heads of a layer may lose δ = ${readable(search.delta)} together.</p>
<div class="controls"><label class="step" for="step">Step <input id="step" type="range" min="0" max="${table.steps - 1}" value="${step}" step="1" autocomplete="off"><output id="step-text" for="step">${step} / ${table.steps - 1}</output></label>
<fieldset><legend>RSE of</legend>${renderMethodChoice(methods)}</fieldset></div>
<div class="panels${layers.length > BROAD_FROM_LAYERS ? ' broad' : ''}">
<figure><h3>Error of <span id="rse-method">${methodLabel(methods[0] ?? '')}</span></h3><p class="note">Dark loses little, bright much; hatched is not possible.</p>
${renderHeatmap({
  id: 'rse-map',
  label: 'RSE of every head and layer',
  layers,
  heads,
  cell: (layer, head) => {
    const index = shadeIndex(
      table.rse[(step * layers.length + layer) * methods.length * heads + head] ?? Number.NaN,
      scale,
    );
    return { fill: index === null ? null : (SHADE_TABLE[index] ?? null) };
  },
})}${renderScaleLegend(scale, headLimit)}</figure>
<figure><h3>Chosen method</h3><p class="note">What every head does at this step under the scheme.</p>
${renderHeatmap({
  id: 'plan-map',
  label: 'Chosen method of every head and layer',
  layers,
  heads,
  patterns: renderPatterns(paints, tile),
  cell: (layer, head) => {
    const choice = plan.choices[step]?.[layer]?.[head] ?? 0;
    const { mark = '', needsDark = false } = paints[choice] ?? {};
    return { fill: fills[choice] ?? null, mark: { text: mark, needsDark } };
  },
})}${renderMethodLegend(paints)}</figure>
</div>
<p class="readout" id="readout" role="status"></p>
<div class="wide"><h3>Methods by step</h3><p class="note">Share of all heads, from the first denoising step to the last.</p>
${renderMethodShares(plan, paints)}${renderMethodLegend(paints)}</div></section>`;
}

/** Step 0 is always full: what the maps show first is the first step where something was measured. */
function firstTellingStep({ rse, steps }: ReportTable): number {
  const perStep = rse.length / steps;
  const found = rse.findIndex((value) => Number.isFinite(value));
  return found < 0 ? 0 : Math.floor(found / perStep);
}

function scriptData({ table, plan }: ReportData): object {
  const { layers, heads, steps, methods, rse } = table;
  const paints = paintMethods(plan.methods);
  return {
    layers,
    heads,
    steps,
    methods: methods.map(methodLabel),
    planMethods: paints.map(({ label }) => label),
    planFills: fillsOf(paints, cellTile(PLAN_TILE, layers.length, heads)),
    planMarks: paints.map(({ mark }) => mark),
    darkMarks: paints.map(({ needsDark }) => needsDark),
    shades: SHADE_TABLE,
    ...logScaleOf(rse),
    rse: Buffer.from(rse.buffer, rse.byteOffset, rse.byteLength).toString('base64'),
    choices: Buffer.from(plan.choices.flat(2)).toString('base64'),
  };
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
