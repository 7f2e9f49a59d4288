import { expect, test, vi } from 'vitest';
import { LIMITS } from '../../../electron/contract/fields.ts';
import { importFiles } from '../../../renderer/views/library/import-files.ts';
import { fakeWorkbench } from '../fake-workbench.ts';

const told = vi.hoisted(() => [] as string[]);
vi.mock('sonner', () => ({
  toast: {
    success: (title: string) => told.push(`done: ${title}`),
    error: (title: string, { description }: { description: string }) => told.push(`${title}: ${description}`),
  },
}));

function file(name: string, text: string, size = text.length) {
  return { name, size, arrayBuffer: async () => new TextEncoder().encode(text).buffer as ArrayBuffer };
}

test('each file becomes a run or a reason; what is too large is not even read', async () => {
  const workbench = fakeWorkbench({
    'runs.import': ({ fileName }) => {
      if (fileName === 'bad.json') throw new Error('expected format "arrowhead-scheme"');
      return { run: `run-of-${fileName}`, holds: fileName.endsWith('.json') ? 'scheme' : 'table' };
    },
  });
  const last = await importFiles(workbench, [
    file('a.scheme.json', '{}'),
    file('bad.json', '{}'),
    file('rse.safetensors', 'x'),
    file('huge.safetensors', '', LIMITS.fileBytes + 1),
  ]);
  expect(last).toBe('run-of-rse.safetensors');
  expect(workbench.asked).toHaveLength(3);
  expect(workbench.asked[0]?.params).toEqual({ fileName: 'a.scheme.json', data: new TextEncoder().encode('{}') });
  expect(told).toEqual([
    'done: Imported the scheme a.scheme.json',
    'bad.json could not be imported: expected format "arrowhead-scheme"',
    'done: Imported the RSE table rse.safetensors',
    expect.stringContaining('huge.safetensors has 128 MiB; at most 128 MiB'),
  ]);
});
