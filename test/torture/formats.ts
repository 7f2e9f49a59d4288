import { copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  buildScheme,
  createRun,
  encodeRseTable,
  openRun,
  readRseTable,
  readScheme,
  solveTable,
  writeScheme,
} from '../../calibration/index.ts';
import { Journal } from '../../calibration/search/journal.ts';
import { readPng, writePng } from '../../electron/engine/png.ts';
import { readPromptsFile } from '../../electron/engine/prompts-file.ts';
import { changeNotes, readNotes } from '../../electron/host/library/run-notes.ts';
import { SettingsStore } from '../../electron/host/settings-store.ts';
import { TorchFile } from '../../mmdit/checkpoint/torch/torch-file.ts';
import { describeCheckpoint, inspectCheckpoint, SafetensorsFile } from '../../mmdit/index.ts';
import { smallTable } from '../calibration/small-table.ts';
import { legacyFile, zipEntries, zipFile } from '../mmdit/checkpoint/torch/torch-writer.ts';

const GOLDEN = path.resolve(import.meta.dirname, '../golden');
const PIPELINE = path.join(GOLDEN, 'pipeline/flux-pipeline-tiny');

/** A kind of file that may come damaged. */
export interface Format {
  readonly name: string;
  readonly isText: boolean;
  /** What is damaged. */
  readonly file: string;
  /** Reads it as the program does. */
  read(): Promise<unknown>;
}

/** Every format with a valid file of it, in folders of its own. */
export async function makeFormats(root: string): Promise<readonly Format[]> {
  const at = (...names: string[]): string => path.join(root, ...names);
  await mkdir(root, { recursive: true });
  const table = smallTable();
  await writeFile(at('rse.safetensors'), encodeRseTable(table));
  const settingsOfScheme = { delta: 0.3, headConstraint: null, cost: 'flops' } as const;
  const scheme = buildScheme(table, solveTable(table, settingsOfScheme), settingsOfScheme, 'preview');
  await writeScheme(at('a.scheme.json'), scheme);

  const run = await createRun(at('runs'), 'one', { status: 'finished' });
  await changeNotes(run, { tags: ['a'] });
  const picture = { prompt: 'a', seed: 0, original: 'a.png', compressed: 'b.png', identical: false };
  await run.writeMetrics([{ ...picture, ssim: 0.5, psnr: 30, mse: 1, lpips: null, lpipsPaper: null }]);

  const settings = await SettingsStore.open(at('settings'));
  await settings.change({ delta: 0.5 });

  const shape = { steps: table.steps, layers: table.layers.length, methods: table.methods.length, heads: table.heads };
  const cells = shape.layers * shape.heads;
  await mkdir(at('journal'));
  const journal = new Journal(at('journal'), { search: { delta: 1 } }, shape);
  await journal.write({
    count: 1,
    rse: new Float32Array(cells * shape.methods),
    choices: new Uint8Array(cells),
    seconds: 1,
  });

  await writePng(at('a.png'), { width: 16, height: 16, pixels: Uint8Array.from({ length: 768 }, (_, i) => i % 251) });
  await writeFile(at('prompts.json'), JSON.stringify({ calibration: ['a red cube', 'a blue cone'] }));
  await copyFile(path.join(GOLDEN, 'torch-randn.safetensors'), at('weights.safetensors'));

  const weights = [{ name: 'a.weight', shape: [2, 3], data: new Uint8Array(24) }];
  await writeFile(at('legacy.pth'), legacyFile(weights));
  await writeFile(at('zip.pth'), zipFile(zipEntries(weights)));
  const torch = (name: string, kind: 'zip' | 'legacy') => async () => {
    const file = await TorchFile.open(at(name), kind);
    for (const tensor of file.names) await file.tensor(tensor).read();
  };

  const pipeline = at('pipeline');
  await cp(PIPELINE, pipeline, { recursive: true });
  const describe = async () => {
    await inspectCheckpoint(pipeline);
    const { inspectPrompt } = await describeCheckpoint(pipeline);
    return inspectPrompt('a red cube é 😀');
  };
  const parts = ['model_index.json', 'transformer/config.json', 'scheduler/scheduler_config.json', 'vae/config.json'];
  const tokenizers = [
    'tokenizer/vocab.json',
    'tokenizer/merges.txt',
    'tokenizer/tokenizer_config.json',
    'tokenizer_2/tokenizer.json',
  ];
  const ofPipeline = (name: string): Format => ({
    name,
    isText: true,
    file: path.join(pipeline, name),
    read: describe,
  });

  const there = async (format: Format) => (await readFile(format.file).catch(() => null)) !== null;
  const all: Format[] = [
    {
      ...{ name: 'safetensors', isText: false, file: at('weights.safetensors') },
      read: async () => {
        const opened = await SafetensorsFile.open(at('weights.safetensors'));
        for (const name of opened.entries.keys()) await opened.readBytes(name);
      },
    },
    { name: 'rse', isText: false, file: at('rse.safetensors'), read: () => readRseTable(at('rse.safetensors')) },
    { name: 'scheme', isText: true, file: at('a.scheme.json'), read: () => readScheme(at('a.scheme.json')) },
    { name: 'run.json', isText: true, file: run.path('run.json'), read: () => openRun(run.folder) },
    { name: 'workbench.json', isText: true, file: run.path('workbench.json'), read: () => readNotes(run.folder) },
    { name: 'metrics.json', isText: true, file: run.path('metrics.json'), read: () => run.readMetrics() },
    {
      name: 'settings',
      isText: true,
      file: at('settings', 'settings.json'),
      read: () => SettingsStore.open(at('settings')),
    },
    {
      name: 'journal',
      isText: false,
      file: at('journal', 'calibration.journal.safetensors'),
      read: () => journal.read(),
    },
    { name: 'png', isText: false, file: at('a.png'), read: () => readPng(at('a.png')) },
    { name: 'prompts', isText: true, file: at('prompts.json'), read: () => readPromptsFile(at('prompts.json')) },
    { name: 'pth (legacy)', isText: false, file: at('legacy.pth'), read: torch('legacy.pth', 'legacy') },
    { name: 'pth (zip)', isText: false, file: at('zip.pth'), read: torch('zip.pth', 'zip') },
    ...[...parts, ...tokenizers].map(ofPipeline),
  ];
  const present = await Promise.all(all.map(there));
  return all.filter((_, i) => present[i]);
}
