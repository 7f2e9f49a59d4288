import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRun, openRun } from '../../../calibration/index.ts';
import { type RunChange, requests } from '../../../electron/contract.ts';
import { RunLibrary } from '../../../electron/host/library/run-library.ts';
import { changeNotes, readNotes } from '../../../electron/host/library/run-notes.ts';

let base: string;
let library: RunLibrary;
const inUse = new Set<string>();
const changes: RunChange[] = [];

beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'arrowhead-library-'));
  inUse.clear();
  changes.length = 0;
  library = await RunLibrary.open(path.join(base, 'library'), {
    inUse: () => inUse,
    onChange: (change) => changes.push(change),
  });
});
afterEach(async () => {
  await library.close();
  await rm(base, { recursive: true, force: true });
});

async function addRun(name: string, created = '2026-01-01T00:00:00.000Z'): Promise<string> {
  const run = await createRun(library.root, name, { created, status: 'finished' });
  return path.basename(run.folder);
}

describe('RunLibrary', () => {
  it('lists runs, newest first, and tells of those that cannot be read', async () => {
    const old = await addRun('old', '2025-01-01T00:00:00.000Z');
    const young = await addRun('young', '2026-06-01T00:00:00.000Z');
    await mkdir(path.join(library.root, 'broken'));
    await writeFile(path.join(library.root, 'broken', 'run.json'), '{"format":');
    await mkdir(path.join(library.root, 'holiday pictures'));
    const { runs, unreadable } = await library.index.list();
    expect(runs.map(({ id }) => id)).toEqual([young, old]);
    expect(unreadable).toMatchObject([{ id: 'broken', reason: expect.stringContaining('run.json') }]);
  });

  it('answers with the same list while nothing changes, however many ask', async () => {
    await addRun('only');
    const [a, b, c] = await Promise.all([library.index.list(), library.index.list(), library.index.list()]);
    expect(b).toBe(a);
    expect(c).toBe(a);
    expect(await library.index.list()).toBe(a);
    expect(changes).toEqual([]);
  });

  it('announces one change once, with the new summary, and the list has it', async () => {
    const id = await addRun('first');
    await addRun('other');
    await library.index.list();
    await library.rename(id, 'second');
    const { runs } = await library.index.list();
    expect(changes).toEqual([{ run: id, summary: runs.find((run) => run.id === id), reason: null }]);
    expect(changes[0]!.summary).toMatchObject({ name: 'second' });
  });

  it('finds and announces what other programs change: runs that come, change, break and go', async () => {
    const id = await addRun('first');
    await addRun('stays');
    await library.index.list();
    const folder = path.join(library.root, id);
    // As quickly after each other as it gets: the clock of files may not have moved on.
    for (const name of ['a', 'b', 'c']) {
      await (await openRun(folder)).update({ name });
      expect((await library.index.list()).runs.map((run) => run.name)).toContain(name);
    }
    const young = await addRun('young', '2026-06-01T00:00:00.000Z');
    expect((await library.index.list()).runs[0]).toMatchObject({ id: young });
    await writeFile(path.join(folder, 'run.json'), '{}');
    expect(await library.index.list()).toMatchObject({ unreadable: [{ id }] });
    await rm(folder, { recursive: true });
    expect(await library.index.list()).toMatchObject({ runs: [{ id: young }, { name: 'stays' }], unreadable: [] });
    expect(changes.map(({ run, summary, reason }) => [run, summary?.name ?? null, reason !== null])).toEqual([
      ...['a', 'b', 'c'].map((name) => [id, name, false]),
      [young, 'young', false],
      [id, null, true],
      [id, null, false],
    ]);
  });

  it('a run that a job begins or ends to work on is announced so, whatever its folder says', async () => {
    const id = await addRun('worked on');
    await library.index.list();
    inUse.add(id);
    await library.index.refresh(id);
    inUse.clear();
    await library.index.refresh(id);
    expect(changes.map(({ summary }) => summary?.status)).toEqual(['running', 'finished']);
  });

  it('lists the others while one is thrown away', async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, (_, n) => addRun(`run ${n}`)));
    const [stays, ...leave] = ids as [string, ...string[]];
    const lists = Promise.all(leave.map(() => library.index.list()));
    await Promise.all(leave.map((id) => library.delete(id)));
    for (const { runs, unreadable } of await lists) {
      expect(runs.map(({ id }) => id)).toContain(stays);
      expect(unreadable).toEqual([]);
    }
  });

  it('renames and tags, and keeps tags apart from the run’s own file', async () => {
    const id = await addRun('first');
    expect(await library.rename(id, 'better name')).toMatchObject({ id, name: 'better name' });
    expect(await library.setTags(id, ['a', 'b', 'a'])).toMatchObject({ tags: ['a', 'b'] });
    expect((await library.index.list()).runs[0]).toMatchObject({ name: 'better name', tags: ['a', 'b'] });
  });

  it('shows control characters in names and tags instead of obeying them', async () => {
    const bad = 'a\u0000\u001b[2Jb\nc\u202e';
    const shown = 'a\\u0000\\u001b[2Jb\\u000ac\\u202e';
    const id = await addRun(bad);
    expect((await library.run(id)).manifest.name).toBe(shown);
    expect(await library.rename(id, 'fine')).toMatchObject({ name: 'fine' });
    // As an older program wrote it.
    const file = path.join(library.root, id, 'run.json');
    const manifest = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...manifest, name: bad }));
    expect((await library.index.list()).runs[0]!.name).toBe(shown);
    const rename = requests['runs.rename'].params;
    expect(rename.parse({ run: id, name: bad })).toEqual({ run: id, name: shown });
  });

  it('reads no file of a run through a link', async () => {
    const id = await addRun('linked');
    const folder = path.join(library.root, id);
    const outside = path.join(base, 'outside');
    await mkdir(outside);
    await changeNotes(await library.run(id), { tags: ['mine'] });
    expect(await readNotes(folder)).toMatchObject({ tags: ['mine'] });
    for (const name of ['workbench.json', 'run.json']) {
      await rename(path.join(folder, name), path.join(outside, name));
      await symlink(path.join(outside, name), path.join(folder, name));
    }
    expect(await readNotes(folder)).toBeNull();
    await expect(library.run(id)).rejects.toThrow('run.json: is a symbolic link');
    const { runs, unreadable } = await library.index.list();
    expect(runs).toEqual([]);
    expect(unreadable).toMatchObject([{ id, reason: expect.stringContaining('is a symbolic link') }]);
  });

  it('throws away and takes back, several of one name too', async () => {
    const id = await addRun('gone');
    await library.delete(id);
    expect((await library.index.list()).runs).toEqual([]);
    expect(await library.restore(id)).toMatchObject({ id, name: 'gone' });
    await library.delete(id);
    expect(await addRun('gone')).toBe(id);
    await expect(library.restore(id)).rejects.toMatchObject({ name: 'RunExistsError' });
    await library.delete(id);
    expect(await readdir(path.join(library.root, '.trash'))).toHaveLength(2);
    await expect(library.restore('never-there')).rejects.toMatchObject({ name: 'NotFoundError' });
  });

  it('does not throw away what a job writes to', async () => {
    const id = await addRun('busy');
    inUse.add(id);
    await expect(library.delete(id)).rejects.toMatchObject({ name: 'RunInUseError' });
    expect((await library.index.list()).runs[0]).toMatchObject({ id, status: 'running' });
  });

  it('a run that says it is running, and that no job works on, was killed and can be resumed', async () => {
    const run = await createRun(library.root, 'killed', { status: 'running' });
    await changeNotes(run, { kind: 'calibration' });
    const id = path.basename(run.folder);
    expect(await library.index.summary(id)).toMatchObject({ status: 'interrupted', resumable: true });
    inUse.add(id);
    expect(await library.index.summary(id)).toMatchObject({ status: 'running', resumable: false });
  });

  it.each(['..', '.', '../secret', '/etc', '.trash', 'a/../../secret', '', '..\\secret', 'no-such-run'])(
    'no name leads out of the library: %j',
    async (id) => {
      await mkdir(path.join(base, 'secret'));
      await createRun(path.join(base), 'secret');
      const attempts = [library.folder(id), library.run(id), library.file(id, 'run.json'), library.delete(id)];
      for (const attempt of await Promise.allSettled(attempts)) {
        expect(attempt).toMatchObject({ status: 'rejected', reason: { name: 'NotFoundError' } });
      }
      expect(await readdir(path.join(base, 'secret'))).toEqual([]);
    },
  );

  it('links are not followed, neither folders nor files', async () => {
    const id = await addRun('true');
    const outside = path.join(base, 'outside');
    await mkdir(outside);
    await writeFile(path.join(outside, 'secret.png'), 'secret');
    await symlink(outside, path.join(library.root, 'link'));
    await symlink(path.join(outside, 'secret.png'), path.join(library.root, id, 'secret.png'));
    await expect(library.folder('link')).rejects.toMatchObject({ name: 'NotFoundError' });
    await expect(library.file(id, 'secret.png')).rejects.toMatchObject({ name: 'NotFoundError' });
    await expect(library.file(id, '../../outside/secret.png')).rejects.toMatchObject({ name: 'NotFoundError' });
    await expect(library.file(id, 'run.json')).resolves.toBe(path.join(library.root, id, 'run.json'));
  });

  it('damaged notes do not hide a run', async () => {
    const id = await addRun('noted');
    await writeFile(path.join(library.root, id, 'workbench.json'), '{"format":"arrowhead-workbench","version":7}');
    expect(await readNotes(path.join(library.root, id))).toBeNull();
    expect(await library.index.summary(id)).toMatchObject({ id, tags: [] });
  });
});
