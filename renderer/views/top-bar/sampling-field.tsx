import { ArrowLeftRight, ChevronDown } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useStore } from 'zustand';
import { Button, IconButton } from '../../design/button.tsx';
import { NumberField } from '../../design/number-field.tsx';
import { Popover } from '../../design/popover.tsx';
import { useApp, useAppStore, useWorkbench } from '../../state/app-context.tsx';
import styles from './sampling-field.module.css';
import { createSamplingEditor } from './sampling-store.ts';
import { sameSampling, showSize } from './size-presets.ts';

const LARGEST = { steps: 1000, pixels: 65_536, guidance: 1000 };

/** Steps and size, with the sizes that the model can make. */
export function SamplingField() {
  const workbench = useWorkbench();
  const store = useAppStore();
  const [open, setOpen] = useState(false);
  const editor = useMemo(() => createSamplingEditor(workbench, store), [workbench, store]);
  const [current, defaults] = useApp((state) => [state.currentSampling(), state.model?.defaults ?? null]);
  const { refused, problem, description, presets, propose, load, reset } = useStore(editor);
  const shown = refused ?? current;
  if (shown === null || current === null) return null;

  const show = (next: boolean) => {
    setOpen(next);
    // What was refused is forgotten when the popover closes.
    void load();
  };
  const trigger = (
    <button type="button" className={styles.trigger}>
      <span className="visually-hidden">Sampling:</span>
      <span>
        {current.steps} <span className={styles.unit}>steps</span>
      </span>
      <span>{showSize(current)}</span>
      <ChevronDown size={14} aria-hidden />
    </button>
  );
  return (
    <Popover open={open} onOpenChange={show} label="Steps and size" trigger={trigger} align="end">
      <div className={styles.editor}>
        <fieldset className={styles.presets}>
          <legend className="visually-hidden">Sizes</legend>
          {presets.map((size) => {
            const chosen = size.width === shown.width && size.height === shown.height;
            return (
              <button
                key={showSize(size)}
                type="button"
                className={styles.preset}
                aria-pressed={chosen}
                onClick={() => propose(size)}
              >
                <span className={styles.shape} style={{ aspectRatio: `${size.width} / ${size.height}` }} aria-hidden />
                {showSize(size)}
              </button>
            );
          })}
        </fieldset>
        <div className={styles.size}>
          <NumberField
            label="Width"
            integer
            unit="px"
            value={shown.width}
            min={1}
            max={LARGEST.pixels}
            step={pixelsPerToken(description)}
            onChange={(width) => propose({ width })}
          />
          <IconButton
            label="Swap width and height"
            icon={<ArrowLeftRight />}
            onClick={() => propose({ width: shown.height, height: shown.width })}
          />
          <NumberField
            label="Height"
            integer
            unit="px"
            value={shown.height}
            min={1}
            max={LARGEST.pixels}
            step={pixelsPerToken(description)}
            onChange={(height) => propose({ height })}
          />
        </div>
        <div className={styles.pair}>
          <NumberField
            label="Steps"
            integer
            value={shown.steps}
            min={1}
            max={LARGEST.steps}
            onChange={(steps) => propose({ steps })}
          />
          <NumberField
            label="Guidance"
            value={shown.guidance}
            min={0}
            max={LARGEST.guidance}
            step={0.5}
            onChange={(guidance) => propose({ guidance })}
          />
        </div>
        {problem && (
          <p className={styles.problem} role="alert">
            {problem}
          </p>
        )}
        <div className={styles.footer}>
          <span className={styles.tokens}>
            {description && `${description.imageTokens} image + ${description.textTokens} text tokens`}
          </span>
          <Button
            look="quiet"
            disabled={defaults === null || sameSampling(shown, defaults)}
            onClick={() => void reset()}
          >
            Reset to the model’s own
          </Button>
        </div>
      </div>
    </Popover>
  );
}

interface Described {
  readonly width: number;
  readonly tokenGrid: { readonly columns: number };
}

/** The smallest change of size that a model can follow. */
function pixelsPerToken(description: Described | null): number {
  return description === null ? 16 : Math.max(1, Math.round(description.width / description.tokenGrid.columns));
}
