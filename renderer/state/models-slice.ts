import type { ModelInfo, ModelSummary, Sampling } from '../../electron/contract.ts';
import type { Slice } from './app-state.ts';

export interface ModelsSlice {
  readonly models: readonly ModelSummary[];
  /** The one chosen in the top bar; null until the host has opened it. */
  readonly model: ModelInfo | null;
  readonly modelError: unknown;
  setModels(models: readonly ModelSummary[]): void;
  loadModels(): Promise<void>;
  /** Chooses a model; null: the demo. Failures end in `modelError`. */
  chooseModel(id: string | null): Promise<void>;
  /** What the user set, or else what the model is made for. null while no model is open. */
  currentSampling(): Sampling | null;
}

export const modelsSlice: Slice<ModelsSlice> = (workbench) => (set, get) => {
  const open = async (id: string | null) => {
    set({ modelError: null });
    try {
      const model = await workbench.request('models.info', { model: id });
      // A slow answer about a model that is no longer wanted.
      if ((get().settings?.model ?? null) === id) set({ model });
    } catch (error) {
      if ((get().settings?.model ?? null) === id) set({ model: null, modelError: error });
    }
  };
  return {
    models: [],
    model: null,
    modelError: null,
    setModels: (models) => set({ models }),
    async loadModels() {
      const { models } = await workbench.request('models.list', {});
      set({ models });
      await open(get().settings?.model ?? null);
    },
    async chooseModel(id) {
      if ((get().settings?.model ?? null) !== id) get().changeSettings({ model: id, sampling: null });
      set({ model: null });
      await open(id);
    },
    currentSampling: () => get().settings?.sampling ?? get().model?.defaults ?? null,
  };
};
