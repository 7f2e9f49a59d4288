import { Check, RotateCw, TriangleAlert, X } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ImageRef } from '../../../electron/contract.ts';
import { LPIPS_TITLES, type LpipsNetwork, lpipsNetwork } from '../../../electron/contract/lpips.ts';
import { Button, IconButton } from '../../design/button.tsx';
import { formatDuration, formatFactor, formatNumber, formatPercent } from '../../design/format.ts';
import { describeError } from '../../design/notify.ts';
import { Select } from '../../design/select.tsx';
import { Tip } from '../../design/tip.tsx';
import { useApp } from '../../state/app-context.tsx';
import { useCompare } from './compare-store.ts';
import { describeApplied } from './describe-applied.ts';
import styles from './metrics-table.module.css';
import { MissingLpips } from './missing-lpips.tsx';
import { type Pane, paneKey } from './pane.ts';
import { useComparison } from './use-comparison.ts';

/** Columns that measure: SSIM, PSNR and LPIPS by both protocols. */
const DISTANCES = 4;
const NETWORKS = lpipsNetwork.options.map((value) => ({ value, label: LPIPS_TITLES[value] }));

interface MetricsTableProps {
  readonly panes: readonly Pane[];
  /** Keys of those that can be taken away. */
  readonly removable: ReadonlySet<string>;
}

/** How far every picture is from the reference, and how long it took. */
export function MetricsTable({ panes, removable }: MetricsTableProps) {
  const [reference, ...others] = panes;
  const removePane = useCompare((state) => state.removePane);
  const [remembered, setLayout] = useApp((state) => [state.layout<string>('compare.lpips', 'alex'), state.setLayout]);
  const network = lpipsNetwork.safeParse(remembered).data ?? 'alex';
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
              <div className={styles.lpips}>
                <Explained text="Learned perceptual distance (LPIPS v0.1), 0 for equal pictures. Inputs in [−1, 1], as its authors compute it">
                  LPIPS
                </Explained>
                <Select
                  label="Network of LPIPS"
                  look="quiet"
                  value={network}
                  options={NETWORKS}
                  onChange={(next) => setLayout('compare.lpips', next)}
                />
              </div>
            </th>
            <th scope="col">
              <Explained text="The same with inputs in [0, 1]. DiTFastAttnV2’s published script computes this one; compare it with that paper’s figures alone">
                LPIPS [0, 1]
              </Explained>
            </th>
            <th scope="col">
              <Explained text="Share of attention that did not run, counted from the calls that were made, and whether they were the scheme’s">
                Left out
              </Explained>
            </th>
            <th scope="col">Denoising</th>
            <th scope="col">Speed-up</th>
            <th scope="col">
              <span className="visually-hidden">Remove</span>
            </th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{reference.label} (reference)</th>
            <td colSpan={DISTANCES + 1} />
            <td>{reference.seconds === null ? '—' : formatDuration(reference.seconds)}</td>
            <td />
            <td />
          </tr>
          {others.map((pane) => (
            <tr key={paneKey(pane)}>
              <th scope="row" title={pane.label}>
                {pane.label}
              </th>
              <Distances reference={reference.ref} other={pane.ref} network={network} />
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

interface DistancesProps {
  readonly reference: ImageRef;
  readonly other: ImageRef;
  readonly network: LpipsNetwork;
}

function Distances({ reference, other, network }: DistancesProps) {
  const { answer, again } = useComparison(reference, other, network);
  if (answer === null) return <td colSpan={DISTANCES}>measuring…</td>;
  if ('error' in answer) return <td colSpan={DISTANCES}>{describeError(answer.error).message}</td>;
  const { ssim, psnr, lpips, lpipsPaper, lpipsMissing, identical } = answer;
  return (
    <>
      <td>{ssim.toFixed(4)}</td>
      <td>{identical ? '∞' : psnr === null ? '—' : `${psnr.toFixed(2)} dB`}</td>
      {lpipsMissing === null ? (
        <>
          <td>{formatNumber(lpips)}</td>
          <td>{formatNumber(lpipsPaper)}</td>
        </>
      ) : (
        <td colSpan={2} className={styles.missing}>
          <MissingLpips missing={lpipsMissing} network={network}>
            <Button icon={<RotateCw />} onClick={again}>
              Measure again
            </Button>
          </MissingLpips>
        </td>
      )}
    </>
  );
}

function speedUp(reference: Pane, pane: Pane): string {
  return reference.seconds === null || pane.seconds === null ? '—' : formatFactor(reference.seconds / pane.seconds);
}
