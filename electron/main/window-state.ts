import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type BrowserWindow, type Rectangle, screen } from 'electron';
import { z } from 'zod';

const pixel = z.int().min(-100_000).max(100_000);
const schema = z.strictObject({
  bounds: z.strictObject({ x: pixel, y: pixel, width: pixel.positive(), height: pixel.positive() }),
  maximised: z.boolean(),
});

export type WindowState = z.infer<typeof schema>;

export const LEAST_SIZE = { width: 1024, height: 700 };
const FIRST_SIZE = { width: 1440, height: 900 };
/** Of the window's top edge, so that it can be grabbed. */
const LEAST_IN_SIGHT = 80;

/** Where the window was, moved into sight where a screen is gone; in the middle of the main screen at first. */
export function readWindowState(file: string): WindowState {
  try {
    const { bounds, maximised } = schema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return { bounds: intoSight(bounds), maximised };
  } catch {
    return { bounds: centred(screen.getPrimaryDisplay().workArea), maximised: false };
  }
}

/** Remembers bounds as they are when the window closes; those of before it was maximised. */
export function rememberWindowState(window: BrowserWindow, file: string): void {
  window.on('close', () => {
    const state: WindowState = { bounds: window.getNormalBounds(), maximised: window.isMaximized() };
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify(state));
    } catch {
      // A window that opens elsewhere next time is no reason to keep the user from closing it.
    }
  });
}

function intoSight(bounds: Rectangle): Rectangle {
  const size = {
    width: Math.max(bounds.width, LEAST_SIZE.width),
    height: Math.max(bounds.height, LEAST_SIZE.height),
  };
  const visible = screen.getAllDisplays().some(({ workArea }) => overlaps(workArea, bounds));
  return visible ? { ...bounds, ...size } : centred(screen.getPrimaryDisplay().workArea);
}

function overlaps(area: Rectangle, { x, y, width }: Rectangle): boolean {
  const across = Math.min(area.x + area.width, x + width) - Math.max(area.x, x);
  return across >= LEAST_IN_SIGHT && y >= area.y && y <= area.y + area.height - LEAST_IN_SIGHT;
}

function centred(area: Rectangle): Rectangle {
  const width = Math.min(FIRST_SIZE.width, area.width);
  const height = Math.min(FIRST_SIZE.height, area.height);
  return {
    ...{ width, height },
    x: Math.round(area.x + (area.width - width) / 2),
    y: Math.round(area.y + (area.height - height) / 2),
  };
}
