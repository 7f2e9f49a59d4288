import { Check, TriangleAlert, X } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import type { ImageRef, Metrics } from '../../../electron/contract.ts';
import { IconButton } from '../../design/button.tsx';
import { formatDuration, formatFactor, formatNumber, formatPercent } from '../../design/format.ts';
import { describeError } from '../../design/notify.ts';
import { Tip } from '../../design/tip.tsx';
import { useWorkbench } from '../../state/app-context.tsx';
import { useCompare } from './compare-store.ts';
import { describeApplied } from './describe-applied.ts';
import styles from './metrics-table.module.css';
import { type Pane, paneKey } from './pane.ts';

interface MetricsTableProps {
  readonly panes: readonly Pane[];
  /** Keys of those that can be taken away. */
  readonly removable: ReadonlySet<string>;
}

/** How far every picture is from the reference, and how long it took. */
export function MetricsTable({ panes, removable }: MetricsTableProps) {
  const [reference, ...others] = panes;
  const removePane = useCompare((state) => state.removePane);
  if (!reference) return null;
  return (
    <div className={styles.scroll}>
      <table className={styles.table}>
        <caption className="visually-hidden">Distances from {reference.label}</caption>
        <thead>
          <tr>
            <th scope="col">Picture</th>
            <th scope="col">
              <Explained text="Structural similarity, 1 for equal pictures">SSIM</Explained>
            </th>
            <th scope="col">
              <Explained text="Peak signal-to-noise ratio in dB, infinite for equal pictures">PSNR</Explained>
            </th>
            <th scope="col">
              <Explained text="Learned perceptual distance (LPIPS v0.1, AlexNet). Its weights cannot ship with Arrowhead: “arrowhead weights add lpips-alex FILE” adds them on the host, and “arrowhead weights --help” says where to get them">
                LPIPS
              </Explained>
            </th>
            <th scope="col">
              <Explained text="Share of attention that did not run, counted from the calls that were made, and whether they were the scheme’s">
                Left out
              </Explained>
            </th>
            <th scope="col">Denoising</th>
            <th scope="col">Speed-up</th>
            <th />
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{reference.label} (reference)</th>
            <td colSpan={4} />
            <td>{reference.seconds === null ? '—' : formatDuration(reference.seconds)}</td>
            <td />
            <td />
          </tr>
          {others.map((pane) => (
            <tr key={paneKey(pane)}>
              <th scope="row" title={pane.label}>
                {pane.label}
              </th>
              <Distances reference={reference.ref} other={pane.ref} />
              <LeftOut applied={pane.applied} />
              <td>{pane.seconds === null ? '—' : formatDuration(pane.seconds)}</td>
              <td>{speedUp(reference, pane)}</td>
              <td>
                {removable.has(paneKey(pane)) && (
                  <IconButton label={`Remove ${pane.label}`} icon={<X />} onClick={() => removePane(paneKey(pane))} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Explained({ text, children }: { readonly text: string; readonly children: ReactNode }) {
  return (
    <Tip text={text}>
      <button type="button" className={styles.explained}>
        {children}
      </button>
    </Tip>
  );
}

/** What attention left out, with a mark that says whether all of it was as the scheme says. */
function LeftOut({ applied }: Pick<Pane, 'applied'>) {
  if (applied === null) return <td>—</td>;
  const { sparsity, mismatches } = applied;
  const agrees = mismatches === 0;
  return (
    <td>
      <Explained text={describeApplied(applied)}>
        {formatPercent(sparsity)}{' '}
        {agrees ? <Check className={styles.agrees} /> : <TriangleAlert className={styles.differs} />}
        <span className="visually-hidden">{agrees ? 'as the scheme says' : 'not as the scheme says'}</span>
      </Explained>
    </td>
  );
}

function Distances({ reference, other }: { readonly reference: ImageRef; readonly other: ImageRef }) {
  const answer = useMetrics(reference, other);
  if (answer === null) return <td colSpan={3}>measuring…</td>;
  if ('error' in answer) return <td colSpan={3}>{describeError(answer.error).message}</td>;
  const { ssim, psnr, lpips, identical } = answer;
  return (
    <>
      <td>{ssim.toFixed(4)}</td>
      <td>{identical ? '∞' : psnr === null ? '—' : `${psnr.toFixed(2)} dB`}</td>
      <td>
        {lpips === null ? (
          <span title="On the host: arrowhead weights add lpips-alex FILE">add weights</span>
        ) : (
          formatNumber(lpips)
        )}
      </td>
    </>
  );
}

const known = new Map<string, Promise<Metrics>>();

/** Measured once per pair. */
function useMetrics(a: ImageRef, b: ImageRef): Metrics | { readonly error: unknown } | null {
  const workbench = useWorkbench();
  const [answer, setAnswer] = useState<Metrics | { error: unknown } | null>(null);
  const key = JSON.stringify([a, b]);
  useEffect(() => {
    let wanted = true;
    setAnswer(null);
    const [first, second] = JSON.parse(key) as [ImageRef, ImageRef];
    const asked = known.get(key) ?? workbench.request('images.compare', { a: first, b: second });
    known.set(key, asked);
    asked.then(
      (metrics) => wanted && setAnswer(metrics),
      (error: unknown) => {
        known.delete(key);
        if (wanted) setAnswer({ error });
      },
    );
    return () => {
      wanted = false;
    };
  }, [workbench, key]);
  return answer;
}

function speedUp(reference: Pane, pane: Pane): string {
  return reference.seconds === null || pane.seconds === null ? '—' : formatFactor(reference.seconds / pane.seconds);
}
