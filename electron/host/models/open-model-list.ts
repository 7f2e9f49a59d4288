import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { SettingsStore } from '../settings-store.ts';
import { ModelList } from './model-list.ts';

/** Where a library keeps what the workbench remembers. */
export const SETTINGS_FOLDER = '.workbench';

/** The models of a library's workbench, for programs beside it. */
export async function openModelList(library: string): Promise<ModelList> {
  const folder = path.join(library, SETTINGS_FOLDER);
  await mkdir(folder, { recursive: true });
  return new ModelList(await SettingsStore.open(folder), { followsLinks: true });
}
