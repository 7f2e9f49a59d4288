import { CONTRACT_VERSION, type DeviceReport, type Reply } from '../../electron/contract.ts';
import type { Slice } from './app-state.ts';

/** `lost`: the host went away; the client tries again by itself. `refused`: it does not accept this tab. */
export type ConnectionStatus = 'connecting' | 'open' | 'lost' | 'refused';

export interface HostSlice {
  readonly connection: ConnectionStatus;
  readonly host: Reply<'hello'> | null;
  readonly device: DeviceReport | null;
  setConnection(connection: ConnectionStatus): void;
  /** Asks for all that the window shows from the start; again after every reconnect. */
  loadEverything(): Promise<void>;
  loadDevice(): Promise<void>;
}

export const hostSlice: Slice<HostSlice> = (workbench) => (set, get) => ({
  connection: 'connecting',
  host: null,
  device: null,
  setConnection: (connection) => set({ connection }),
  async loadEverything() {
    set({ host: await workbench.request('hello', { version: CONTRACT_VERSION }) });
    await get().loadSettings();
    await Promise.all([get().loadDevice(), get().loadModels(), get().loadJobs(), get().loadRuns()]);
    const { settings, openRun } = get();
    const run = openRun?.summary.id ?? settings?.openRun;
    if (run && get().runs.some(({ id }) => id === run)) await get().showRun(run);
  },
  async loadDevice() {
    set({ device: await workbench.request('device', {}) });
  },
});
