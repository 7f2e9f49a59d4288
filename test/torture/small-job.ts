import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

export const SMALL = { steps: 6, guidance: 3.5, width: 128, height: 128 };

/** What two runs of one search must have alike, byte by byte. */
const RESULTS = ['rse.safetensors', 'scheme.scheme.json', 'original.png', 'compressed.png'];

export async function hashesOf(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => RESULTS.includes(name)).sort();
  const hashes = names.map(async (name) => {
    const hash = createHash('sha256').update(await readFile(path.join(folder, name)));
    return `${name} ${hash.digest('hex')}`;
  });
  return (await Promise.all(hashes)).join('\n');
}

export function calibrateArguments(out: string): string[] {
  const words =
    'calibrate --prompt|a red sphere|--seed 1 --steps 12 --size 128x128 --delta 0.4 --head-constraint 1.5 --candidates arrow/4,cached';
  return [...words.split('|').flatMap((part, n) => (n === 1 ? [part] : part.trim().split(' '))), '--out', out];
}
