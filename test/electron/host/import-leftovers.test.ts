import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorkbench } from '../../../electron/host/workbench-host.ts';

let library: string;
beforeAll(async () => {
  library = await mkdtemp(path.join(tmpdir(), 'arrowhead-imports-'));
});
afterAll(() => rm(library, { recursive: true, force: true }));

describe('imports', () => {
  it('that were killed are swept when the library is opened, and failing ones leave nothing', async () => {
    const imports = path.join(library, '.workbench', 'imports');
    await mkdir(path.join(imports, 'import-a'), { recursive: true });
    await writeFile(path.join(imports, 'import-a', 'file'), 'half');
    const host = await createWorkbench({ library });
    try {
      await expect(access(path.join(imports, 'import-a'))).rejects.toMatchObject({ code: 'ENOENT' });
      const data = new TextEncoder().encode('{"format":"something else"}');
      await expect(host.request('runs.import', { fileName: 'a.json', data })).rejects.toThrow('a.json');
      expect((await host.request('runs.list', {})).runs).toEqual([]);
      await expect(access(path.join(imports, 'import-a'))).rejects.toMatchObject({ code: 'ENOENT' });
    } finally {
      await host.close();
    }
  });
});
