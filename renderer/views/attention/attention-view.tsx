import { ScanSearch } from 'lucide-react';
import { useMemo, useState } from 'react';
import { windowColours } from '../../../electron/contract/method-looks.ts';
import { Button } from '../../design/button.tsx';
import { EmptyState } from '../../design/empty-state.tsx';
import { describeError } from '../../design/notify.ts';
import { useApp } from '../../state/app-context.tsx';
import { runningJob } from '../../state/jobs-slice.ts';
import { isSameSample, samplesToMake } from '../../state/negative-prompt.ts';
import { ArrowLegend } from './arrow-legend.tsx';
import { attentionRequest, offeredFractions, offeredSamples, type Subject } from './attention-subject.ts';
import { AttentionToolbar } from './attention-toolbar.tsx';
import styles from './attention-view.module.css';
import { MapCanvas } from './map-canvas.tsx';
import type { MapScale } from './map-pixels.ts';
import { PictureLook } from './picture-look.tsx';
import { rowOfImageToken } from './token-look.ts';
import { useAttentionMap } from './use-attention-map.ts';
import { usePictureOfSample } from './use-picture-of-sample.ts';

const NO_SAMPLES: never[] = [];

/** One head's attention at one step, from the model's own queries and keys. */
export function AttentionView() {
  const [calibration, run, settings, model, selection] = useApp((state) => [
    state.calibration,
    state.openRun,
    state.settings,
    state.model,
    state.selection,
  ]);
  const ownSampling = useApp((state) => state.currentSampling());
  const sampling = calibration?.sampling ?? ownSampling;
  const [ownSamples, negativePrompt] = [settings?.samples ?? NO_SAMPLES, settings?.negativePrompt ?? ''];
  const samples = useMemo(() => {
    const own = samplesToMake({ samples: ownSamples, negativePrompt }, model, sampling);
    return offeredSamples(run, calibration, own);
  }, [run, calibration, ownSamples, negativePrompt, model, sampling]);
  const [chosen, setChosen] = useState<Subject | null>(null);
  const subject = useMemo(() => knownSubject(chosen, samples, run?.summary.id), [chosen, samples, run]);
  const methods = calibration?.methods ?? settings?.candidates;
  const fractions = useMemo(() => offeredFractions(methods ?? []), [methods]);
  const modelId = settings?.model ?? null;
  const request = useMemo(
    () =>
      subject === null || sampling === null || model === null
        ? null
        : attentionRequest(modelId, subject, sampling, selection, fractions),
    [modelId, model, subject, sampling, selection, fractions],
  );
  const attention = useAttentionMap(request);

  if (subject === null || sampling === null || model === null) return <Nothing />;
  const toolbar = {
    samples,
    subject,
    run,
    layers: model.layers.map(({ name }) => name),
    heads: model.layers[selection.layer]?.heads ?? 0,
    steps: sampling.steps,
    onSubject: setChosen,
  };
  return <AttentionOf {...toolbar} methods={methods ?? []} attention={attention} />;
}

type AttentionOfProps = Omit<Parameters<typeof AttentionToolbar>[0], 'scale' | 'onScale'> & {
  readonly methods: readonly string[];
  readonly attention: ReturnType<typeof useAttentionMap>;
};

function AttentionOf({ methods, attention, ...toolbar }: AttentionOfProps) {
  const [scale, setLayout] = useApp((state) => [state.layout<string>('attention.scale', 'log'), state.setLayout]);
  const knownScale: MapScale = scale === 'linear' ? 'linear' : 'log';
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const [chosenRow, setRow] = useState<number | null>(null);
  const picture = usePictureOfSample(toolbar.subject.sample);
  const { map, waiting, error, retry } = attention;
  const colours = useMemo(() => windowColours(methods), [methods]);
  const colourOf = (fraction: number) => colours.get(fraction) ?? '#ffffff';
  const shown = (map?.overlays ?? []).filter(({ fraction }) => !hidden.has(fraction));
  const toggle = (fraction: number) => {
    const next = new Set(hidden);
    if (!next.delete(fraction)) next.add(fraction);
    setHidden(next);
  };
  // Without a choice, the middle of the picture.
  const middle = map && rowOfImageToken(map, map.tokenGrid.rows >> 1, map.tokenGrid.columns >> 1);
  const row = map && Math.min(chosenRow ?? middle!, map.size - 1);
  return (
    <div className={styles.view}>
      <AttentionToolbar {...toolbar} scale={knownScale} onScale={(next) => setLayout('attention.scale', next)} />
      {error !== null && <Failed error={error} onRetry={retry} />}
      {waiting && <Computing />}
      {map && row !== null && (
        <div className={styles.body} aria-busy={waiting}>
          <MapCanvas
            map={map}
            scale={knownScale}
            arrows={shown.map(({ fraction }) => ({ fraction, colour: colourOf(fraction) }))}
            row={row}
            onRow={setRow}
          />
          <div className={styles.side}>
            <ArrowLegend
              map={map}
              colourOf={colourOf}
              shown={new Set(shown.map(({ fraction }) => fraction))}
              onToggle={toggle}
            />
            <PictureLook map={map} row={row} picture={picture} onRow={setRow} />
          </div>
        </div>
      )}
    </div>
  );
}

/** The remembered subject where it is still offered, else the first sample with full attention before. */
function knownSubject(
  chosen: Subject | null,
  samples: readonly Subject['sample'][],
  run: string | undefined,
): Subject | null {
  const first = samples[0];
  if (first === undefined) return null;
  const sample = samples.find((offered) => chosen !== null && isSameSample(offered, chosen.sample));
  const scheme = chosen?.scheme && chosen.scheme.run === run ? chosen.scheme : null;
  return { sample: sample ?? first, scheme };
}

function Computing() {
  const progress = useApp((state) => {
    const job = runningJob(state.jobs);
    if (job === null) return null;
    return job.request.kind === 'attention-map' ? job.progress.detail : `Waiting for: ${job.title}`;
  });
  return (
    <p className={styles.computing} role="status">
      Computing this step’s attention… {progress}
    </p>
  );
}

function Failed({ error, onRetry }: { readonly error: unknown; readonly onRetry: () => void }) {
  const { message, hint } = describeError(error);
  return (
    <div className={styles.failed} role="alert">
      <p>
        The map could not be computed: {message} {hint}
      </p>
      <Button onClick={onRetry}>Try again</Button>
    </div>
  );
}

function Nothing() {
  return (
    <EmptyState icon={<ScanSearch />} title="See where a head looks">
      <p>
        Attention is computed from the model’s own queries and keys. Write a prompt above, and choose step, layer and
        head here or in the heatmaps: the map shows what each arrow window would keep.
      </p>
    </EmptyState>
  );
}
