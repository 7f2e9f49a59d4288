import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Run, RunManifest } from '../../../calibration/index.ts';
import { quoteForShell } from '../../../electron/engine/quote-for-shell.ts';
import { repeatCommands } from '../../../electron/engine/repeat-commands.ts';

/** The words that a shell makes of a command line. */
function wordsOf(line: string): readonly string[] {
  const output = execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
  return output.split('\0').slice(0, -1);
}

const NASTY = ['plain', 'two words', "it's", '$HOME `id` "x" \\ !', '', 'a\nb', '--flag'];

describe('quoteForShell', () => {
  it.each(NASTY)('keeps %j one word with the same characters', (word) => {
    expect(wordsOf(quoteForShell(word))).toEqual([word]);
  });
});

describe('repeatCommands', () => {
  it('spells out everything that matters, in lines that a shell reads back', () => {
    const sampling = { steps: 20, guidance: 3.5, width: 512, height: 256 };
    const search = {
      delta: 0.6,
      headConstraint: null,
      candidates: ['arrow/8'],
      prompts: NASTY.slice(0, 4),
      seeds: [0, 1],
    };
    const run = { manifest: { sampling, search: { ...search, cost: 'flops' } } as unknown as RunManifest } as Run;
    const [calibrate, original] = repeatCommands({
      run,
      model: 'my model',
      prompt: NASTY[3]!,
      seed: 7,
      scheme: 's.scheme.json',
      table: 'rse.safetensors',
    });
    const sampled = ['--model', 'my model', '--steps', '20', '--size', '512x256', '--guidance', '3.5'];
    expect(wordsOf(calibrate!.line)).toEqual(
      ['npx', 'arrowhead', 'calibrate', ...sampled, '--prompt', ...NASTY.slice(0, 4), '--seed', '0', '1'].concat([
        '--delta',
        '0.6',
        '--head-constraint',
        'none',
        '--candidates',
        'arrow/8',
        '--cost',
        'flops',
        '--out',
        'runs/again',
      ]),
    );
    expect(wordsOf(original!.line)).toEqual([
      'npx',
      'arrowhead',
      'generate',
      ...sampled,
      '--prompt',
      NASTY[3],
      '--seed',
      '7',
      '--out',
      'original.png',
    ]);
  });

  it('names the negative prompts of the search and of the picture', () => {
    const search = { delta: 0.6, headConstraint: 1, candidates: ['cached'], prompts: ['a'], seeds: [0], cost: 'flops' };
    const sampling = { steps: 2, guidance: 5, width: 64, height: 64 };
    const run = { manifest: { sampling, search: { ...search, negativePrompt: 'no fog' } } } as unknown as Run;
    const request = { run, model: undefined, prompt: 'b', seed: 1, scheme: 's', table: 't' };
    const [calibrate, original, compressed] = repeatCommands({ ...request, negativePrompt: "it's" });
    expect(wordsOf(calibrate!.line).join(' ')).toContain('--prompt a --negative-prompt no fog --seed 0');
    for (const command of [original, compressed])
      expect(wordsOf(command!.line).join(' ')).toContain("--prompt b --negative-prompt it's --seed 1");
    expect(repeatCommands(request)[1]!.line).not.toContain('--negative-prompt');
  });
});
