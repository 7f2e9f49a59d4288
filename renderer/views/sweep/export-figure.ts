import { toImage } from 'plotly.js-cartesian-dist-min';
import { saveFile } from '../../files/save-file.ts';
import type { SweepFigure } from './sweep-figure.ts';

const SIZE = { width: 900, height: 600 };

/** The figure as a file for a paper: black on white, whatever the window's theme. */
export async function exportFigure({ data, layout }: SweepFigure, format: 'png' | 'svg', name: string): Promise<void> {
  const light = { ...layout, paper_bgcolor: '#ffffff', plot_bgcolor: '#ffffff', font: { color: '#16202a', size: 14 } };
  const url = await toImage({ data: [...data], layout: light }, { ...SIZE, format, scale: format === 'png' ? 2 : 1 });
  const mediaType = format === 'png' ? 'image/png' : 'image/svg+xml';
  saveFile({ fileName: `${name}.${format}`, mediaType, data: bytesOf(url) });
}

/** The bytes of a data URL, base64 or percent-encoded. */
function bytesOf(url: string): Uint8Array<ArrayBuffer> {
  const comma = url.indexOf(',');
  const content = url.slice(comma + 1);
  if (!url.slice(0, comma).endsWith(';base64')) return new TextEncoder().encode(decodeURIComponent(content));
  return Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
}
