import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Sampling, SamplingDescription, Workbench } from '../../../electron/contract.ts';
import { describeError } from '../../design/notify.ts';
import type { AppStore } from '../../state/app-state.ts';
import { type Size, sizeCandidates } from './size-presets.ts';

/** The popover's state: what is typed may be nothing that the model can make. */
export interface SamplingEditor {
  /** What is typed and was refused; null where the settings hold what is shown. */
  readonly refused: Sampling | null;
  /** Why, and what is allowed. */
  readonly problem: string | null;
  readonly description: SamplingDescription | null;
  readonly presets: readonly Size[];
  /** Asks the model, and makes it the setting where the model can. */
  propose(changes: Partial<Sampling>): Promise<void>;
  /** Describes the present setting and finds out which presets the model can make. */
  load(): Promise<void>;
  /** Back to what the model is made for. */
  reset(): Promise<void>;
}

export function createSamplingEditor(workbench: Workbench, app: AppStore): StoreApi<SamplingEditor> {
  /** Of the newest proposal: slower answers of older ones are dropped. */
  let wish = 0;
  const modelId = () => app.getState().settings?.model ?? null;
  const describe = (sampling: Sampling) => workbench.request('models.describeSampling', { model: modelId(), sampling });

  return createStore<SamplingEditor>()((set, get) => ({
    refused: null,
    problem: null,
    description: null,
    presets: [],
    async propose(changes) {
      const mine = ++wish;
      const shown = get().refused ?? app.getState().currentSampling();
      if (shown === null) return;
      const sampling = { ...shown, ...changes };
      set({ refused: sampling });
      try {
        const description = await describe(sampling);
        if (mine !== wish) return;
        app.getState().changeSettings({ sampling });
        set({ refused: null, problem: null, description });
      } catch (error) {
        if (mine === wish) set({ problem: describeError(error).message });
      }
    },
    async load() {
      const { model, currentSampling } = app.getState();
      const sampling = currentSampling();
      if (model === null || sampling === null) return;
      const mine = ++wish;
      try {
        const own = await describe(model.defaults);
        const candidates = sizeCandidates(own);
        const possible = await Promise.all(
          candidates.map((size) =>
            describe({ ...model.defaults, ...size }).then(
              () => true,
              () => false,
            ),
          ),
        );
        const description = await describe(sampling);
        // What the model can make does not depend on what was typed meanwhile.
        if (app.getState().model?.id === model.id) set({ presets: candidates.filter((_, i) => possible[i]) });
        if (mine === wish) set({ description, refused: null, problem: null });
      } catch (error) {
        if (mine === wish) set({ problem: describeError(error).message });
      }
    },
    async reset() {
      const { model } = app.getState();
      if (model !== null) await get().propose(model.defaults);
    },
  }));
}
