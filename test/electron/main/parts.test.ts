import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fileOf } from '../../../electron/main/app-scheme.ts';
import { menuTemplate } from '../../../electron/main/menus.ts';
import { filesOfCommandLine } from '../../../electron/main/open-files.ts';
import { readWindowState } from '../../../electron/main/window-state.ts';
import { electron } from './fake-electron.ts';

vi.mock('electron', async () => (await import('./fake-electron.ts')).electron);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-parts-'));
  await electron.launch(async () => {});
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('window state', () => {
  const stateOf = async (content: unknown) => {
    const file = path.join(folder, 'window.json');
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
    return readWindowState(file);
  };
  const centred = { bounds: { x: 240, y: 90, width: 1440, height: 900 }, maximised: false };

  it('is what it was, where that is in sight', async () => {
    const state = { bounds: { x: 100, y: 50, width: 1200, height: 800 }, maximised: true };
    expect(await stateOf(state)).toEqual(state);
  });

  it.each([
    ['on a screen that is gone', { bounds: { x: 5000, y: 50, width: 1200, height: 800 }, maximised: false }],
    ['with its top edge out of reach', { bounds: { x: 100, y: -900, width: 1200, height: 800 }, maximised: false }],
    ['damaged', '{"bounds":'],
    ['of another kind', { bounds: { x: 'left' } }],
    ['huge', { bounds: { x: 0, y: 0, width: 1e9, height: 800 }, maximised: false }],
  ])('is in the middle of the screen when it was %s', async (_, content) => {
    expect(await stateOf(content)).toMatchObject({ bounds: centred.bounds });
  });

  it('is at least as large as the window can be', async () => {
    const small = { bounds: { x: 10, y: 10, width: 300, height: 200 }, maximised: false };
    expect((await stateOf(small)).bounds).toEqual({ x: 10, y: 10, width: 1024, height: 700 });
  });
});

describe('addresses of the app', () => {
  const pages = path.resolve('/pages');

  it('are files of its folder', () => {
    expect(fileOf('app://arrowhead/', pages)).toBe(path.join(pages, 'index.html'));
    expect(fileOf('app://arrowhead/assets/index.js?x#y', pages)).toBe(path.join(pages, 'assets', 'index.js'));
  });

  it.each([
    'app://other/index.html',
    'app://arrowhead/%2e%2e%2fsecret',
    'app://arrowhead/..%2f..%2fetc/passwd',
    'app://arrowhead/%5c..%5csecret',
    'app://arrowhead/%00index.html',
    'app://arrowhead/%zz',
  ])('%s is none', (url) => {
    expect(fileOf(url, pages)).toBeNull();
  });
});

describe('menus', () => {
  const send = vi.fn();
  const importFiles = vi.fn();
  const graphics = { accelerated: true, use: vi.fn() };
  const template = menuTemplate({
    isMac: false,
    library: '/library',
    logFile: '/logs/arrowhead.log',
    send,
    importFiles,
    graphics,
  });
  interface Item {
    label?: string;
    role?: string;
    click?: () => void;
    registerAccelerator?: boolean;
    submenu?: Item[];
  }
  const all = (items: readonly Item[]): Item[] => items.flatMap((item) => [item, ...all(item.submenu ?? [])]);
  const items = all(template as Item[]);
  const click = (label: string) => items.find((item) => item.label === label)!.click!();

  it('ask the window for what it does itself, without taking its keys', () => {
    for (const [label, command] of [
      ['Undo', 'undo'],
      ['Redo', 'redo'],
      ['Heatmaps', 'view:heatmaps'],
      ['Sweep', 'view:sweep'],
      ['Library', 'library'],
      ['Dark', 'theme:dark'],
      ['Keyboard shortcuts', 'shortcuts'],
    ] as const) {
      click(label);
      expect(send).toHaveBeenLastCalledWith(command);
    }
    expect(items.find(({ label }) => label === 'Undo')?.registerAccelerator).toBe(false);
  });

  it.each([true, false])('are what Electron builds menus from (macOS: %s)', (isMac) => {
    const built = menuTemplate({
      isMac,
      library: '/library',
      logFile: '/logs/arrowhead.log',
      send,
      importFiles,
      graphics,
    });
    expect(() => electron.Menu.buildFromTemplate(built)).not.toThrow();
    expect(() =>
      electron.Menu.buildFromTemplate([{ role: 'zoomin' }, { label: 'x', accelerator: 'Ctrl+Foo' }]),
    ).toThrow();
    expect(() => electron.Menu.buildFromTemplate([{ role: 'zoomed' as never }])).toThrow('role');
  });

  it('do what is the system’s', () => {
    click('Import a scheme or table…');
    expect(importFiles).toHaveBeenCalledOnce();
    click('Open the library’s folder');
    expect(electron.revealed).toEqual(['/library']);
    click('Show log');
    expect(electron.revealed.at(-1)).toBe('/logs/arrowhead.log');
    click('The paper (DiTFastAttnV2)');
    expect(electron.openedOutside).toEqual(['https://arxiv.org/abs/2503.22796']);
  });
});

it('files of a command line are schemes and tables, never flags', () => {
  expect(
    filesOfCommandLine(
      [
        ...['arrowhead', '--x=a.scheme.json', '-y.safetensors', '/a/b.scheme.json', 'c.SAFETENSORS', 'd.json'],
        ...['file:///a%20b/%C3%BC.scheme.json', 'file://elsewhere/%zz.scheme.json'],
      ],
      '/folder',
    ),
  ).toEqual([
    ...['/a/b.scheme.json', '/folder/c.SAFETENSORS', '/a b/ü.scheme.json'],
    path.resolve('/folder', 'file://elsewhere/%zz.scheme.json'),
  ]);
});

it('the preload script exposes a few functions and nothing of Electron', async () => {
  const source = stripTypeScriptTypes(readFileSync('electron/preload.cts', 'utf8'));
  const invoked: unknown[][] = [];
  const listeners = new Map<string, (...args: unknown[]) => void>();
  let exposed: Record<string, (...args: never[]) => unknown> = {};
  const fake = {
    contextBridge: {
      exposeInMainWorld: (name: string, api: typeof exposed) => {
        expect(name).toBe('arrowhead');
        exposed = api;
      },
    },
    ipcRenderer: {
      invoke: async (...args: unknown[]) => void invoked.push(args),
      on: (channel: string, listener: (...args: unknown[]) => void) => void listeners.set(channel, listener),
      off: (channel: string) => void listeners.delete(channel),
    },
  };
  new Function('require', source)((name: string) => {
    expect(name).toBe('electron');
    return fake;
  });
  expect(Object.keys(exposed).sort()).toEqual(['chooseFolder', 'onCommand', 'request', 'subscribe']);
  await exposed.request!('hello' as never, { version: 1 } as never);
  expect(invoked).toEqual([['workbench:request', 'hello', { version: 1 }]]);
  const heard: unknown[] = [];
  const end = exposed.subscribe!(((event: unknown) => heard.push(event)) as never) as () => void;
  listeners.get('workbench:event')!({ sender: 'not for the page' }, { event: 'job.removed' });
  expect(heard).toEqual([{ event: 'job.removed' }]);
  end();
  expect(listeners.size).toBe(0);
});
