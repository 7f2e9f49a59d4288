import { useMemo, useState } from 'react';
import type { SchemeDiff } from '../../../../electron/contract.ts';
import { methodLabel } from '../../../../electron/contract/methods.ts';
import { Button } from '../../../design/button.tsx';
import { formatPercent } from '../../../design/format.ts';
import { MethodSwatch } from '../../../plots/method-swatch.tsx';
import { Plot } from '../../../plots/plot.tsx';
import { useLooks } from '../../../plots/use-looks.ts';
import { useApp } from '../../../state/app-context.tsx';
import { type ChangedLayer, changedHeads, changedLayers } from './changed-heads.ts';
import { diffFigure } from './diff-figure.ts';
import styles from './diff-result.module.css';

/** Rows of the list; the picture shows all. */
const LISTED = 100;

interface DiffResultProps {
  readonly diff: SchemeDiff;
  readonly onClose: () => void;
}

/** What changed: where as a picture and as a list, and from what to what. */
export function DiffResult({ diff, onClose }: DiffResultProps) {
  const figure = useMemo(() => diffFigure(diff), [diff]);
  const layers = useMemo(() => changedLayers(diff), [diff]);
  const [chosen, setChosen] = useState<{ readonly step: number; readonly layer: number } | null>(null);
  const all = diff.steps * diff.layers.length * diff.heads;
  const at = chosen ?? layers[0] ?? null;
  return (
    <div className={styles.result}>
      <p className={styles.summary}>
        {diff.changedHeads === 0 ? (
          <strong>Every head goes by the same method.</strong>
        ) : (
          <strong>
            {diff.changedHeads} of {all} heads differ ({formatPercent(diff.changedHeads / all)})
          </strong>
        )}
        <span>
          Sparsity {formatPercent(diff.sparsityA)} → {formatPercent(diff.sparsityB)}
        </span>
      </p>
      {diff.settings.length > 0 && (
        <dl className={styles.settings} aria-label="Settings that differ">
          {diff.settings.map(({ field, a, b }) => (
            <div key={field}>
              <dt>{field}</dt>
              <dd>
                {a} → {b}
              </dd>
            </div>
          ))}
        </dl>
      )}
      {diff.changedHeads > 0 && (
        <div className={styles.columns}>
          <div className={styles.picture}>
            <Plot
              label={`Heads that differ per step and layer; ${layers.length} layers of steps do`}
              {...figure}
              onClick={(event) => {
                const [point] = event.points;
                if (point) setChosen({ step: Number(point.x), layer: Number(point.y) });
              }}
            />
          </div>
          <div className={styles.lists}>
            <Transitions diff={diff} />
            <ChangedLayers diff={diff} layers={layers} chosen={at} onChoose={setChosen} />
            {at !== null && <ChangedHeads diff={diff} {...at} onClose={onClose} />}
          </div>
        </div>
      )}
    </div>
  );
}

function Transitions({ diff }: { readonly diff: SchemeDiff }) {
  const lookOf = useLooks(diff.methods);
  return (
    <section>
      <h3>From what to what</h3>
      <ul className={styles.transitions}>
        {diff.transitions.slice(0, 8).map(({ from, to, heads }) => (
          <li key={`${from} ${to}`}>
            <span>
              <MethodSwatch look={lookOf(from)} /> {methodLabel(from)} → <MethodSwatch look={lookOf(to)} />{' '}
              {methodLabel(to)}
            </span>
            <span>{heads}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ChangedLayersProps {
  readonly diff: SchemeDiff;
  readonly layers: readonly ChangedLayer[];
  readonly chosen: { readonly step: number; readonly layer: number } | null;
  readonly onChoose: (at: { readonly step: number; readonly layer: number }) => void;
}

function ChangedLayers({ diff, layers, chosen, onChoose }: ChangedLayersProps) {
  return (
    <section className={styles.where}>
      <h3>Where most</h3>
      <ul>
        {layers.slice(0, LISTED).map(({ step, layer, heads }) => (
          <li key={`${step} ${layer}`}>
            <button
              type="button"
              aria-pressed={chosen?.step === step && chosen.layer === layer}
              onClick={() => onChoose({ step, layer })}
            >
              <span>
                step {step} · {diff.layers[layer]}
              </span>
              <span>
                {heads} of {diff.heads}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ChangedHeadsProps {
  readonly diff: SchemeDiff;
  readonly step: number;
  readonly layer: number;
  readonly onClose: () => void;
}

function ChangedHeads({ diff, step, layer, onClose }: ChangedHeadsProps) {
  const [select, showView] = useApp((state) => [state.select, state.showView]);
  const heads = changedHeads(diff, step, layer);
  const show = () => {
    select({ step, layer, head: heads[0]?.head ?? 0 });
    showView('heatmaps');
    onClose();
  };
  return (
    <section>
      <h3 className={styles.at}>
        Step {step} · {diff.layers[layer]}
      </h3>
      {heads.length === 0 ? (
        <p>No head differs here.</p>
      ) : (
        <p className={styles.heads}>
          {heads.map(({ head, from, to }) => (
            <span key={head}>
              head {head}: {methodLabel(from)} → {methodLabel(to)}
            </span>
          ))}
        </p>
      )}
      <Button className={styles.show ?? ''} onClick={show}>
        Show in Heatmaps
      </Button>
    </section>
  );
}
