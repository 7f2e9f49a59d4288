import { describe, expect, it } from 'vitest';
import { OpenModels, type OpenPipeline } from '../../../electron/host/engine/open-models.ts';

/** Models that open when the test says so, under names like "b on cpu". */
function models() {
  const events: string[] = [];
  const waiting: { readonly what: string; readonly resolve: () => void }[] = [];
  const open: OpenPipeline = async (folder, device, { signal }) => {
    const what = `${folder} on ${device}`;
    const gate = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => gate.reject(signal.reason), { once: true });
    waiting.push({ what, resolve: gate.resolve });
    events.push(`opening ${what}`);
    await gate.promise;
    events.push(`opened ${what}`);
    return { pipeline: { identity: { name: what } } as never, close: async () => void events.push(`closed ${what}`) };
  };
  const finish = async (what: string) => {
    const found = await until(() => waiting.find((entry) => entry.what === what));
    waiting.splice(waiting.indexOf(found), 1);
    found.resolve();
  };
  return { events, finish, models: new OpenModels('cpu', open) };
}

async function until<T>(find: () => T | undefined): Promise<T> {
  for (let turn = 0; turn < 1000; turn++) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise(setImmediate);
  }
  throw new Error('never happened');
}

const nameOf = (pipeline: { readonly identity: { readonly name: string } }) => pipeline.identity.name;

describe('OpenModels', () => {
  it('opens a model anew where another device is chosen while it is being opened', async () => {
    const { events, finish, models: all } = models();
    const used = all.use('a', nameOf);
    await until(() => events.find((event) => event === 'opening a on cpu'));
    await all.useDevice('cuda:0');
    await finish('a on cuda:0');
    expect(await used).toBe('a on cuda:0');
    expect(await all.use('a', nameOf)).toBe('a on cuda:0');
    expect(events).toEqual(['opening a on cpu', 'opening a on cuda:0', 'opened a on cuda:0']);
  });

  it('closes a model that was opened in the very moment in which another device was chosen', async () => {
    const { events, finish, models: all } = models();
    const used = all.use('a', nameOf);
    await finish('a on cpu');
    await all.useDevice('cuda:0');
    await finish('a on cuda:0');
    expect(await used).toBe('a on cuda:0');
    expect(events).toContain('closed a on cpu');
  });

  it('leaves a job that computes where it is, and opens the next on the device chosen', async () => {
    const { events, finish, models: all } = models();
    const job = Promise.withResolvers<string>();
    const first = all.use('a', () => job.promise);
    await finish('a on cpu');
    await until(() => events.find((event) => event === 'opened a on cpu'));
    await new Promise(setImmediate);
    await all.useDevice('cuda:0');
    const second = all.use('a', nameOf);
    await finish('a on cuda:0');
    expect(await second).toBe('a on cuda:0');
    expect(events).not.toContain('closed a on cpu');
    job.resolve('done');
    expect(await first).toBe('done');
    expect(events.at(-1)).toBe('closed a on cpu');
  });

  it('keeps the last model, and closes it when another takes its place', async () => {
    const { events, finish, models: all } = models();
    const a = all.use('a', nameOf);
    await finish('a on cpu');
    await a;
    await all.use('a', nameOf);
    const b = all.use('b', nameOf);
    await finish('b on cpu');
    await b;
    expect(events).toEqual([
      'opening a on cpu',
      'opened a on cpu',
      'closed a on cpu',
      'opening b on cpu',
      'opened b on cpu',
    ]);
  });

  it('gives up an opening that is cancelled, and lets the next one in', async () => {
    const { events, finish, models: all } = models();
    const cancelled = new AbortController();
    const a = all.use('a', nameOf, { signal: cancelled.signal });
    await until(() => events.find((event) => event === 'opening a on cpu'));
    const b = all.use('b', nameOf);
    cancelled.abort(new Error('cancelled by the user'));
    await expect(a).rejects.toThrow('cancelled by the user');
    await finish('b on cpu');
    expect(await b).toBe('b on cpu');
  });

  it('does not open a model for a job that was cancelled while it waited', async () => {
    const { events, finish, models: all } = models();
    const a = all.use('a', nameOf);
    const cancelled = new AbortController();
    const b = all.use('b', nameOf, { signal: cancelled.signal });
    cancelled.abort(new Error('cancelled by the user'));
    await expect(b).rejects.toThrow('cancelled by the user');
    await finish('a on cpu');
    await a;
    expect(events).not.toContain('opening b on cpu');
  });
});
