import { type Html, html } from './html.ts';
import { readable, seconds } from './numbers.ts';
import type { ReportPair } from './report-data.ts';

/** The original, the compressed picture and their difference, with what was measured between them. */
export function renderPair(pair: ReportPair): Html {
  const { prompt, negativePrompt, seed, amplification } = pair;
  const speedUp = pair.seconds.original / pair.seconds.compressed;
  return html`<article class="pair">
<h3><q>${prompt}</q> ${without(negativePrompt)}<span class="seed">seed ${seed}</span></h3>
<div class="pictures">
${figure(pair, pair.original, 'Original', `full attention, ${seconds(pair.seconds.original)}`)}
${figure(pair, pair.compressed, 'Compressed', `${seconds(pair.seconds.compressed)}, ${readable(speedUp)}× the speed`)}
${figure(pair, pair.difference, 'Difference', `absolute, ${amplification}× amplified`)}
</div>
<dl class="measures">${[
    ['SSIM', pair.ssim.toFixed(4)],
    ['PSNR', Number.isFinite(pair.psnr) ? `${pair.psnr.toFixed(2)} dB` : '∞ (equal)'],
    ['LPIPS (AlexNet)', pair.lpips?.toFixed(4) ?? null],
    ['with inputs in [0, 1]', pair.lpipsPaper?.toFixed(4) ?? null],
  ].map(([name, value]) => (value === null ? null : html`<div><dt>${name}</dt><dd>${value}</dd></div>`))}</dl>
</article>`;
}

function without(negativePrompt: string | null): Html | null {
  return negativePrompt === null ? null : html`<span class="seed">without <q>${negativePrompt}</q>,</span> `;
}

function figure({ width, height, prompt }: ReportPair, png: Uint8Array, title: string, note: string): Html {
  return html`<figure><img src="data:image/png;base64,${Buffer.from(png).toString('base64')}" width="${width}" height="${height}"
 alt="${title}: ${prompt}"><figcaption><strong>${title}</strong> <span>${note}</span></figcaption></figure>`;
}
