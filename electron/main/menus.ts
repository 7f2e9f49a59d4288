import { Menu, type MenuItemConstructorOptions, shell } from 'electron';
import type { MenuCommand } from './channels.ts';
import type { Graphics } from './graphics.ts';

interface MenuParts {
  readonly isMac: boolean;
  readonly library: string;
  /** null where none can be written. */
  readonly logFile: string | null;
  readonly send: (command: MenuCommand) => void;
  readonly importFiles: () => void;
  readonly graphics: Pick<Graphics, 'accelerated' | 'use'>;
}

/** Keys that the window itself listens to are shown and not taken: it knows best what they mean just then. */
function item(label: string, accelerator: string | null, click: () => void): MenuItemConstructorOptions {
  return { label, click, ...(accelerator === null ? {} : { accelerator, registerAccelerator: false }) };
}

export function menuTemplate(parts: MenuParts): MenuItemConstructorOptions[] {
  const { isMac, library, logFile, send, importFiles, graphics } = parts;
  const separator: MenuItemConstructorOptions = { type: 'separator' };
  const views = ['heatmaps', 'attention', 'compare', 'sweep'] as const;
  const title = (name: string) => name[0]!.toUpperCase() + name.slice(1);
  return [
    ...(isMac ? [{ role: 'appMenu' } as const] : []),
    {
      label: '&File',
      submenu: [
        { label: 'Import a scheme or table…', accelerator: 'CmdOrCtrl+O', click: importFiles },
        item('Open the library’s folder', null, () => void shell.openPath(library)),
        separator,
        isMac ? { role: 'close' } : { role: 'quit' },
      ],
    },
    {
      label: '&Edit',
      submenu: [
        item('Undo', 'CmdOrCtrl+Z', () => send('undo')),
        item('Redo', 'CmdOrCtrl+Shift+Z', () => send('redo')),
        separator,
        { role: 'cut' },
        { role: 'copy' },
        { role: 'paste' },
        { role: 'selectAll' },
      ],
    },
    {
      label: '&View',
      submenu: [
        ...views.map((view, n) => item(title(view), `CmdOrCtrl+${n + 1}`, () => send(`view:${view}`))),
        item('Library', 'CmdOrCtrl+L', () => send('library')),
        separator,
        {
          label: 'Appearance',
          submenu: (['system', 'light', 'dark'] as const).map((theme) =>
            item(title(theme), null, () => send(`theme:${theme}`)),
          ),
        },
        separator,
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        separator,
        {
          label: 'Hardware acceleration',
          type: 'checkbox',
          checked: graphics.accelerated,
          click: ({ checked }) => void graphics.use(checked),
        },
        { role: 'reload' },
        { role: 'toggleDevTools' },
      ],
    },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        item('Keyboard shortcuts', '?', () => send('shortcuts')),
        ...(logFile === null ? [] : [item('Show log', null, () => shell.showItemInFolder(logFile))]),
        item('The paper (DiTFastAttnV2)', null, () => void shell.openExternal('https://arxiv.org/abs/2503.22796')),
      ],
    },
  ];
}

export function setUpMenus(parts: MenuParts): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(parts)));
}
