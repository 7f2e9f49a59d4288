import { useEffect, useState } from 'react';
import { formatFactor, formatPercent } from '../../design/format.ts';
import { describeError } from '../../design/notify.ts';
import { useApp } from '../../state/app-context.tsx';
import styles from './live-numbers.module.css';
import { MethodBar } from './method-bar.tsx';

/** What the plan amounts to: follows every slider move. */
export function LiveNumbers() {
  const [solved, methods, error] = useApp((state) => [
    state.solved,
    state.calibration?.methods ?? null,
    state.solveError,
  ]);
  if (error !== null) return <SolveProblem error={error} />;
  if (solved === null || methods === null) return <p className={styles.waiting}>Solving…</p>;
  const { sparsity, attentionSpeedUp, endToEndSpeedUp, budgetShare, overdrawn } = solved;
  return (
    <div className={styles.live} data-testid="live-numbers">
      <dl className={styles.numbers}>
        <Stat name="Sparsity" value={sparsity === null ? null : formatPercent(sparsity)} says={SAYS.sparsity} main />
        <Stat
          name="Attention"
          value={attentionSpeedUp === null ? null : formatFactor(attentionSpeedUp)}
          says={SAYS.attention}
        />
        <Stat
          name="End to end"
          value={endToEndSpeedUp === null ? null : formatFactor(endToEndSpeedUp)}
          says={SAYS.endToEnd}
        />
      </dl>
      <div className={styles.budget}>
        <span title={SAYS.budget}>Budget used</span>
        <div className={`${styles.meter} ${budgetShare > 1 ? styles.over : ''}`}>
          <span style={{ width: `${Math.min(1, budgetShare) * 100}%` }} aria-hidden />
          <meter
            className="visually-hidden"
            aria-label="Share of the error budget used"
            value={Math.min(1, budgetShare)}
          >
            {formatPercent(budgetShare)}
          </meter>
        </div>
        <span className={styles.share}>{formatPercent(budgetShare)}</span>
      </div>
      {overdrawn > 0 && (
        <p className={styles.warning}>
          Pins use more than δ in {overdrawn} {overdrawn === 1 ? 'layer of a step' : 'layers of steps'}.
        </p>
      )}
      <MethodBar methods={methods} counts={solved.headsPerMethod} />
      <Announcement
        text={sparsity === null ? `Budget used ${formatPercent(budgetShare)}` : `Sparsity ${formatPercent(sparsity)}`}
      />
    </div>
  );
}

/** How long the host took for the newest answer. */
export function SolveLatency() {
  const milliseconds = useApp((state) => state.solved?.milliseconds ?? null);
  if (milliseconds === null) return null;
  return (
    <span className={styles.latency} title="Wall time of the newest solve, in the host">
      solved in {milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms
    </span>
  );
}

const SAYS = {
  sparsity: 'Attention FLOPs left out, over all steps, layers and heads',
  attention: 'Predicted from FLOPs: attention alone, against full attention',
  endToEnd: 'Predicted from FLOPs: the whole transformer, against full attention',
  budget: 'Summed RSE ÷ δ, the mean over all steps but the first, which is always full',
};

interface StatProps {
  readonly name: string;
  /** null: the table says too little to tell. */
  readonly value: string | null;
  readonly says: string;
  readonly main?: boolean;
}

function Stat({ name, value, says, main }: StatProps) {
  return (
    <div
      className={main ? styles.main : ''}
      title={value === null ? `${says}. The table says too little to tell` : says}
    >
      <dt>{name}</dt>
      <dd>{value ?? '—'}</dd>
    </div>
  );
}

/** For screen readers, once the slider rests. */
function Announcement({ text }: { readonly text: string }) {
  const [announced, setAnnounced] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setAnnounced(text), 700);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p className="visually-hidden" role="status">
      {announced}
    </p>
  );
}

function SolveProblem({ error }: { readonly error: unknown }) {
  const { message, hint } = describeError(error);
  return (
    <div className={styles.problem} role="alert">
      <p>{message}</p>
      {hint && <p>{hint}</p>}
    </div>
  );
}
