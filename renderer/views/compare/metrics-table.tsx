import { X } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { ImageRef, Metrics } from '../../../electron/contract.ts';
import { IconButton } from '../../design/button.tsx';
import { formatDuration, formatFactor, formatNumber } from '../../design/format.ts';
import { describeError } from '../../design/notify.ts';
import { Tip } from '../../design/tip.tsx';
import { useWorkbench } from '../../state/app-context.tsx';
import { useCompare } from './compare-store.ts';
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
            <th scope="col">Denoising</th>
            <th scope="col">Speed-up</th>
            <th />
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{reference.label} (reference)</th>
            <td colSpan={3} />
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

function Explained({ text, children }: { readonly text: string; readonly children: string }) {
  return (
    <Tip text={text}>
      <button type="button" className={styles.explained}>
        {children}
      </button>
    </Tip>
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
