import type { Settings, SettingsChanges } from '../../electron/contract.ts';
import { notifyError } from '../design/notify.ts';
import type { Slice } from './app-state.ts';

/** Changes of a gesture are saved together. */
const SAVE_AFTER_MS = 400;

export interface SettingsSlice {
  readonly settings: Settings | null;
  /** From the host: another window changed them. Own changes that are not saved yet stay. */
  setSettings(settings: Settings): void;
  loadSettings(): Promise<void>;
  /** Takes effect at once and is saved soon. */
  changeSettings(changes: SettingsChanges): void;
}

export const settingsSlice: Slice<SettingsSlice> = (workbench) => (set, get) => {
  let unsaved: SettingsChanges = {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  const save = async () => {
    const changes = unsaved;
    unsaved = {};
    try {
      await workbench.request('settings.set', changes);
    } catch (error) {
      notifyError('Settings could not be saved', error);
    }
  };
  return {
    settings: null,
    setSettings: (settings) => set({ settings: merge(settings, unsaved) }),
    async loadSettings() {
      const settings = await workbench.request('settings.get', {});
      set({ settings: merge(settings, unsaved) });
    },
    changeSettings(changes) {
      const { settings } = get();
      if (settings === null) return;
      unsaved = { ...unsaved, ...changes };
      set({ settings: merge(settings, changes) });
      clearTimeout(timer);
      timer = setTimeout(save, SAVE_AFTER_MS);
    },
  };
};

/** Fields that are undefined in `changes` stay. */
function merge(settings: Settings, changes: SettingsChanges): Settings {
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  return { ...settings, ...given };
}
