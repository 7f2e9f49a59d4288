import { expect, it } from 'vitest';
import { type DroppedEntry, droppedFiles } from '../../../renderer/views/library/dropped-files.ts';

function file(name: string): DroppedEntry {
  const entry = { isFile: true, isDirectory: false, name };
  return Object.assign(entry, { file: (found: (file: File) => void) => found(new File([name], name)) });
}

/** Hands its entries out two at a time, as browsers do in hundreds. */
function folder(name: string, ...entries: DroppedEntry[]): DroppedEntry {
  const createReader = () => {
    let next = 0;
    return {
      readEntries: (found: (entries: DroppedEntry[]) => void) => {
        found(entries.slice(next, next + 2));
        next += 2;
      },
    };
  };
  return Object.assign({ isFile: false, isDirectory: true, name }, { createReader });
}

const names = async (...entries: DroppedEntry[]) => (await droppedFiles(entries)).map(({ name }) => name);

it('of a run’s folder takes the table, under the run’s name', async () => {
  const run = folder(
    'my-run',
    file('run.json'),
    file('original.png'),
    file('scheme.scheme.json'),
    file('rse.safetensors'),
  );
  expect(await names(run)).toEqual(['my-run.safetensors']);
});

it('takes the schemes where there is no table, and nothing of other folders', async () => {
  expect(await names(folder('a', file('one.scheme.json'), file('x'), file('two.scheme.json')))).toEqual([
    'one.scheme.json',
    'two.scheme.json',
  ]);
  expect(await names(folder('pictures', file('a.png'), folder('deeper', file('rse.safetensors'))))).toEqual([]);
});

it('takes files as they are', async () => {
  expect(await names(file('a.scheme.json'), file('rse.safetensors'))).toEqual(['a.scheme.json', 'rse.safetensors']);
});
