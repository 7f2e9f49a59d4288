import type { MenuItemConstructorOptions } from 'electron';

// From electron/docs/api/menu-item.md and tutorial/keyboard-shortcuts.md, lower-cased as Electron does.
const ROLES = new Set(
  `undo redo cut copy paste pasteandmatchstyle selectall delete minimize close quit reload forcereload toggledevtools
  togglefullscreen resetzoom zoomin zoomout togglespellchecker filemenu editmenu viewmenu windowmenu appmenu about hide
  hideothers unhide startspeaking stopspeaking front zoom window help services recentdocuments clearrecentdocuments
  sharemenu`.split(/\s+/),
);
const MODIFIERS = /^(command|cmd|control|ctrl|commandorcontrol|cmdorctrl|alt|option|altgr|shift|super|meta)$/i;
const KEY =
  /^([a-z0-9]|[)!@#$%^&*(:;+=<,_\-.>?/~`{\][|\\}"']|f([1-9]|1\d|2[0-4])|plus|space|tab|capslock|backspace|delete|insert|return|enter|up|down|left|right|home|end|pageup|pagedown|escape|esc)$/i;

/** Throws where Electron's `Menu.buildFromTemplate` does: items without label, role or type, and unknown roles and keys. */
export function checkMenuTemplate(template: readonly MenuItemConstructorOptions[]): void {
  for (const { label, role, type, submenu, accelerator } of template) {
    if (label === undefined && role === undefined && type === undefined) {
      throw new Error('Invalid template for MenuItem: must have at least one of label, role or type');
    }
    if (role !== undefined && !ROLES.has(role.toLowerCase())) throw new Error(`Invalid role: ${role}`);
    if (type === 'submenu' && submenu === undefined) throw new Error('Invalid submenu');
    if (accelerator) checkAccelerator(accelerator);
    if (Array.isArray(submenu)) checkMenuTemplate(submenu);
  }
}

function checkAccelerator(accelerator: string): void {
  const parts = accelerator === '+' ? ['+'] : accelerator.split('+');
  const key = parts.pop()!;
  const fits = parts.every((part) => MODIFIERS.test(part)) && KEY.test(key);
  if (!fits) throw new TypeError(`Error processing argument: ${accelerator} is no accelerator`);
}
