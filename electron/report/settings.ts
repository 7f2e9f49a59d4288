import { methodLabel } from '../contract/methods.ts';
import { type Html, html } from './html.ts';
import { readable } from './numbers.ts';
import type { ReportCommand, ReportData } from './report-data.ts';

/** Everything that the result depends on, in words. */
export function renderSettings({ model, device, sampling, search, plan, table }: ReportData): Html {
  const rows: readonly (readonly [string, string | number | Html])[] = [
    ['Model', `${model.name} (${model.family})`],
    ['Fingerprint', html`<code>${model.fingerprint}</code>`],
    ['Device', device],
    ['Size', `${sampling.width} × ${sampling.height} pixels`],
    ['Tokens', `${sampling.imageTokens} image, ${sampling.textTokens} text, ${sampling.tokenOrder}`],
    ['Sampler', `${sampling.scheduler}, ${sampling.steps} steps, guidance ${readable(sampling.guidance)}`],
    ['Error budget δ', readable(search.delta)],
    ['Head constraint c', search.headConstraint === null ? 'none' : readable(search.headConstraint)],
    ['Methods chosen', search.granularity === 'layer' ? 'one for all heads of a layer' : 'head by head'],
    ['Candidates', search.candidates.map(methodLabel).join(', ')],
    ['Search', search.mode === 'preview' ? 'preview: re-solved, not confirmed by a search' : 'progressive'],
    ['Saving counted in', search.cost],
    ['Mask block', `${plan.block[0]} × ${plan.block[1]}`],
    ['Heads', `${table.layers.length} layers × ${table.heads} heads × ${table.steps} steps`],
    ['Calibration prompts', html`<ul>${search.prompts.map((prompt) => html`<li>${prompt}</li>`)}</ul>`],
    ...(search.negativePrompt === null ? [] : ([['Negative prompt', search.negativePrompt]] as const)),
    ['Calibration seeds', search.seeds.join(', ')],
  ];
  return html`<dl class="settings">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

export function renderCommands(commands: readonly ReportCommand[]): Html {
  return html`${commands.map(
    ({ purpose, line }) => html`<p class="purpose">${purpose}</p><pre><code>${line}</code></pre>`,
  )}`;
}
