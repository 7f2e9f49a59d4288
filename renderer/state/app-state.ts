import { createStore, type StateCreator, type StoreApi } from 'zustand/vanilla';
import type { Workbench } from '../../electron/contract.ts';
import { type CalibrationSlice, calibrationSlice } from './calibration-slice.ts';
import { type HostSlice, hostSlice } from './host-slice.ts';
import { type JobsSlice, jobsSlice } from './jobs-slice.ts';
import { type ModelsSlice, modelsSlice } from './models-slice.ts';
import { type RunsSlice, runsSlice } from './runs-slice.ts';
import { type SelectionSlice, selectionSlice } from './selection-slice.ts';
import { type SettingsSlice, settingsSlice } from './settings-slice.ts';
import { type ViewSlice, viewSlice } from './view-slice.ts';

/** What several parts of the window share. A view's own state lives in a store beside the view. */
export type AppState = HostSlice &
  ModelsSlice &
  SettingsSlice &
  JobsSlice &
  RunsSlice &
  CalibrationSlice &
  SelectionSlice &
  ViewSlice;

export type AppStore = StoreApi<AppState>;

/** A slice sees the whole state, and the host through `workbench`. */
export type Slice<S> = (workbench: Workbench) => StateCreator<AppState, [], [], S>;

export function createAppStore(workbench: Workbench): AppStore {
  return createStore<AppState>()((...args) => ({
    ...hostSlice(workbench)(...args),
    ...modelsSlice(workbench)(...args),
    ...settingsSlice(workbench)(...args),
    ...jobsSlice(workbench)(...args),
    ...runsSlice(workbench)(...args),
    ...calibrationSlice(workbench)(...args),
    ...selectionSlice(workbench)(...args),
    ...viewSlice(workbench)(...args),
  }));
}
