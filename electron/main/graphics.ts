import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { app, dialog } from 'electron';
import { z } from 'zod';

const schema = z.strictObject({ hardwareAcceleration: z.boolean() });
/** Chromium starts its graphics process anew a few times before it gives the app up. */
const DEATHS = 2;
const WITHIN_MS = 10 * 60_000;

/**
 * Whether the window is drawn by the graphics card. Where Chromium's graphics process keeps dying (drivers, remote
 * screens), the user is offered a restart without it. Nothing that models compute depends on this.
 */
export class Graphics {
  readonly #file = path.join(app.getPath('userData'), 'graphics.json');
  readonly #deaths: number[] = [];
  #restart: (() => void) | null = null;
  #offered = false;
  #accelerated: boolean;

  /** To be made while the main module is evaluated: acceleration can be switched off only before `ready`. */
  constructor() {
    this.#accelerated = this.#read();
    if (!this.#accelerated) app.disableHardwareAcceleration();
    app.on('child-process-gone', (_event, { type, reason }) => {
      if (type === 'GPU' && reason !== 'clean-exit') this.#died(reason);
    });
  }

  get accelerated(): boolean {
    return this.#accelerated;
  }

  /** From now on restarts are offered. */
  offerRestartsBy(restart: () => void): void {
    this.#restart = restart;
  }

  /** For the next start, which is offered. */
  async use(accelerated: boolean): Promise<void> {
    this.#save(accelerated);
    const { response } = await dialog.showMessageBox({
      type: 'question',
      message: `The window is drawn ${accelerated ? 'by the graphics card' : 'without the graphics card'} from the next start on`,
      buttons: ['Restart now', 'Later'],
      defaultId: 1,
      cancelId: 1,
    });
    if (response === 0) this.#restart?.();
  }

  #died(reason: string): void {
    const now = Date.now();
    this.#deaths.push(now);
    const recent = this.#deaths.filter((time) => now - time < WITHIN_MS).length;
    if (recent < DEATHS || this.#offered || this.#restart === null) return;
    this.#offered = true;
    void this.#offerSoftware(`${recent} times (${reason})`);
  }

  async #offerSoftware(times: string): Promise<void> {
    const { response } = await dialog.showMessageBox({
      type: 'warning',
      message: 'The graphics process keeps stopping',
      detail:
        `It ended ${times}. Arrowhead can draw its window without the graphics card; models still compute on it. ` +
        'The View menu switches back.',
      buttons: ['Restart without acceleration', 'Go on'],
      defaultId: 0,
      cancelId: 1,
    });
    if (response !== 0) return;
    this.#save(false);
    this.#restart?.();
  }

  #read(): boolean {
    try {
      return schema.parse(JSON.parse(readFileSync(this.#file, 'utf8'))).hardwareAcceleration;
    } catch {
      return true;
    }
  }

  #save(hardwareAcceleration: boolean): void {
    this.#accelerated = hardwareAcceleration;
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true });
      writeFileSync(this.#file, JSON.stringify({ hardwareAcceleration }));
    } catch (error) {
      dialog.showErrorBox('The choice could not be saved', `${this.#file}: ${(error as Error).message}`);
    }
  }
}
