import { useEffect, useRef, useSyncExternalStore } from 'react';

/** As in "mod+shift+z", "1", "?", "arrowleft"; `mod` is ⌘ on a Mac and Ctrl elsewhere. */
export interface Shortcut {
  readonly keys: string;
  /** What it does, for the list of shortcuts. */
  readonly does: string;
  /** Under which heading the list shows it. */
  readonly where: string;
}

const IS_MAC = typeof navigator !== 'undefined' && /mac/i.test(navigator.platform);

let registered: readonly Shortcut[] = [];
const listeners = new Set<() => void>();

function register(shortcut: Shortcut): () => void {
  registered = [...registered, shortcut];
  for (const listener of listeners) listener();
  return () => {
    registered = registered.filter((other) => other !== shortcut);
    for (const listener of listeners) listener();
  };
}

/**
 * Calls `act` when the keys are pressed, anywhere but in a text field (keys with `mod` work there too, but for those that
 * edit text) and behind a dialog. A field marked `data-undo="window"` leaves undo to the window. A shortcut that is not
 * enabled now is listed all the same.
 */
export function useShortcut(shortcut: Shortcut, act: () => void, enabled = true): void {
  const newest = useRef(act);
  newest.current = act;
  const { keys, does, where } = shortcut;
  useEffect(() => register({ keys, does, where }), [keys, does, where]);
  useEffect(() => {
    if (!enabled) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || !matches(event, keys)) return;
      if (isTyping(event.target) && (!keys.startsWith('mod+') || editsText(event.target, keys))) return;
      if (isBehindDialog()) return;
      event.preventDefault();
      newest.current();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [keys, enabled]);
}

/** All shortcuts of what is on the screen now. */
export function useShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => registered,
  );
}

export function matches(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>,
  keys: string,
) {
  const parts = keys.toLowerCase().split('+');
  const key = parts.pop();
  const mod = IS_MAC ? event.metaKey : event.ctrlKey;
  const otherMod = IS_MAC ? event.ctrlKey : event.metaKey;
  if (parts.includes('mod') !== mod || otherMod || parts.includes('alt') !== event.altKey) return false;
  // Shift is part of how "?" is typed; it must be named only for letters and named keys.
  const shiftMatters = event.key.length > 1 || /[a-z]/i.test(event.key);
  if (shiftMatters && parts.includes('shift') !== event.shiftKey) return false;
  return event.key.toLowerCase() === key;
}

/** "Ctrl+Shift+Z", or "⇧⌘Z" on a Mac. */
export function showKeys(keys: string): string {
  const named: Record<string, string> = IS_MAC
    ? { mod: '⌘', shift: '⇧', alt: '⌥', arrowleft: '←', arrowright: '→', arrowup: '↑', arrowdown: '↓' }
    : { mod: 'Ctrl', shift: 'Shift', alt: 'Alt', arrowleft: '←', arrowright: '→', arrowup: '↑', arrowdown: '↓' };
  const parts = keys.split('+').map((part) => named[part] ?? part[0]!.toUpperCase() + part.slice(1));
  return parts.join(IS_MAC ? '' : '+');
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches('input, textarea, select, [role="textbox"]');
}

function editsText(target: EventTarget | null, keys: string): boolean {
  if (!/^mod\+(shift\+)?[acvxyz]$/.test(keys)) return false;
  return !(target instanceof HTMLElement && target.dataset.undo === 'window');
}

/** A modal dialog keeps the rest of the page from scrolling; popovers do not. */
function isBehindDialog(): boolean {
  return document.body.hasAttribute('data-scroll-locked');
}
