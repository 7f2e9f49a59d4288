import type { RunDetails, Sample, SchemeRef } from '../../../electron/contract.ts';
import { Segmented } from '../../design/segmented.tsx';
import { Select } from '../../design/select.tsx';
import { layerLabel } from '../../plots/layer-label.ts';
import { useApp } from '../../state/app-context.tsx';
import { isSameSample } from '../../state/negative-prompt.ts';
import { StepPlayer } from '../heatmaps/step-player.tsx';
import type { Subject } from './attention-subject.ts';
import styles from './attention-toolbar.module.css';
import type { MapScale } from './map-pixels.ts';

interface AttentionToolbarProps {
  readonly samples: readonly Sample[];
  readonly subject: Subject;
  readonly run: RunDetails | null;
  readonly layers: readonly string[];
  readonly heads: number;
  readonly steps: number;
  readonly scale: MapScale;
  readonly onSubject: (subject: Subject) => void;
  readonly onScale: (scale: MapScale) => void;
}

const FULL = 'full';

export function AttentionToolbar(props: AttentionToolbarProps) {
  const { samples, subject, run, layers, heads, steps, scale, onSubject, onScale } = props;
  const [selection, select] = useApp((state) => [state.selection, state.select]);
  const index = samples.findIndex((sample) => isSameSample(sample, subject.sample));
  const schemes = run?.schemes ?? [];
  const refOf = (file: string): SchemeRef | null =>
    file === FULL || run === null ? null : { run: run.summary.id, scheme: file };
  return (
    <div className={styles.toolbar}>
      <Select
        label="Sample"
        value={String(Math.max(0, index))}
        options={samples.map((sample, n) => ({ value: String(n), label: labelOf(sample) }))}
        onChange={(next) => onSubject({ ...subject, sample: samples[Number(next)]! })}
      />
      {schemes.length > 0 && (
        <Select
          label="How the steps before were computed"
          value={subject.scheme?.scheme ?? FULL}
          options={[
            { value: FULL, label: 'Full attention before' },
            ...schemes.map(({ file }) => ({ value: file, label: `Under ${file.replace(/\.scheme\.json$/, '')}` })),
          ]}
          onChange={(next) => onSubject({ ...subject, scheme: refOf(next) })}
        />
      )}
      <Select
        label="Layer"
        value={String(selection.layer)}
        options={layers.map((name, n) => ({ value: String(n), label: `Layer ${layerLabel(name)}` }))}
        onChange={(next) => select({ layer: Number(next) })}
      />
      <Select
        label="Head"
        value={String(selection.head)}
        options={Array.from({ length: heads }, (_, n) => ({ value: String(n), label: `Head ${n}` }))}
        onChange={(next) => select({ head: Number(next) })}
      />
      <Segmented
        label="Brightness"
        value={scale}
        options={[
          { value: 'log', label: 'Log' },
          { value: 'linear', label: 'Linear' },
        ]}
        onChange={onScale}
      />
      <StepPlayer steps={steps} />
    </div>
  );
}

function labelOf({ prompt, negativePrompt, seed }: Sample): string {
  return `${prompt}${negativePrompt ? ` · without ${negativePrompt}` : ''} · seed ${seed}`;
}
