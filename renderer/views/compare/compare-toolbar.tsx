import { Columns2, Contrast, Eye, ImagePlus, Maximize, SplitSquareHorizontal } from 'lucide-react';
import { Button, IconButton } from '../../design/button.tsx';
import { Segmented } from '../../design/segmented.tsx';
import { Select } from '../../design/select.tsx';
import { Slider } from '../../design/slider.tsx';
import { useShortcut } from '../../shortcuts/shortcuts.ts';
import { type CompareMode, useCompare } from './compare-store.ts';
import styles from './compare-toolbar.module.css';
import type { Pane } from './pane.ts';
import { FIT } from './viewport.ts';

interface CompareToolbarProps {
  readonly mode: CompareMode;
  readonly panes: readonly Pane[];
  /** CSS pixels per picture pixel; null while nothing is on the stage. */
  readonly zoom: number | null;
  readonly onMode: (mode: CompareMode) => void;
  readonly onZoom: (zoom: number) => void;
  readonly onAdd: () => void;
}

const MODES = [
  { value: 'side', label: 'Side by side', icon: <Columns2 />, keys: 's' },
  { value: 'wipe', label: 'Slider', icon: <SplitSquareHorizontal />, keys: 'w' },
  { value: 'blink', label: 'Blink', icon: <Eye />, keys: 'b' },
  { value: 'difference', label: 'Difference', icon: <Contrast />, keys: 'd' },
] as const;

const MAX_GAIN = 32;

export function CompareToolbar({ mode, panes, zoom, onMode, onZoom, onAdd }: CompareToolbarProps) {
  const [gain, setGain] = [useCompare((state) => state.gain), useCompare((state) => state.setGain)];
  const [against, setAgainst] = [useCompare((state) => state.against), useCompare((state) => state.setAgainst)];
  const setViewport = useCompare((state) => state.setViewport);
  for (const { value, label, keys } of MODES) {
    // biome-ignore lint/correctness/useHookAtTopLevel: the list is a constant
    useShortcut({ keys, does: label, where: 'Compare' }, () => onMode(value));
  }
  const others = panes.slice(1);
  return (
    <div className={styles.toolbar}>
      <Segmented
        label="How to compare"
        value={mode}
        options={MODES.map(({ value, label, icon, keys }) => ({
          value,
          title: `${label} (${keys.toUpperCase()})`,
          label: (
            <>
              {icon}
              <span className={styles.name}>{label}</span>
            </>
          ),
        }))}
        onChange={onMode}
      />
      {mode !== 'side' && others.length > 1 && (
        <Select
          label="Against"
          value={String(Math.min(against, others.length))}
          options={others.map(({ label }, n) => ({ value: String(n + 1), label: `Against ${label}` }))}
          onChange={(next) => setAgainst(Number(next))}
        />
      )}
      {mode === 'difference' && (
        <div className={styles.gain}>
          <span>Gain</span>
          <Slider label="Gain of the difference" value={gain} min={1} max={MAX_GAIN} onChange={setGain} />
          <span>×{gain}</span>
        </div>
      )}
      <span className={styles.space} />
      <IconButton label="Fit" keys="0" icon={<Maximize />} onClick={() => setViewport(FIT)} />
      <Button look="quiet" title="One picture pixel per CSS pixel (1)" onClick={() => onZoom(1)}>
        {zoom === null ? '100 %' : `${Math.round(zoom * 100)} %`}
      </Button>
      {devicePixelRatio !== 1 && (
        <Button
          look="quiet"
          title="One picture pixel per pixel of the screen"
          onClick={() => onZoom(1 / devicePixelRatio)}
        >
          1:1
        </Button>
      )}
      <Button icon={<ImagePlus />} onClick={onAdd}>
        Add…
      </Button>
    </div>
  );
}
