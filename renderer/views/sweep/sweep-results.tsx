import { Download, RotateCw } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useMemo } from 'react';
import type { RunDetails, SweepPoint } from '../../../electron/contract.ts';
import { whyMissing } from '../../../electron/contract/lpips.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import menu from '../../design/menu.module.css';
import { notifyError } from '../../design/notify.ts';
import { Select } from '../../design/select.tsx';
import { saveFile } from '../../files/save-file.ts';
import { Plot } from '../../plots/plot.tsx';
import { useApp, useAppStore } from '../../state/app-context.tsx';
import { useCompare } from '../compare/compare-store.ts';
import { MissingLpips } from '../compare/missing-lpips.tsx';
import { exportFigure } from './export-figure.ts';
import { sweepFigure } from './sweep-figure.ts';
import { columnOf, measuredColumns, QUALITY, SAVINGS, type SweepColumn, sweepCsv } from './sweep-metrics.ts';
import styles from './sweep-results.module.css';
import { SweepTable } from './sweep-table.tsx';

/** Plot and table of a sweep, as far as it has come. */
export function SweepResults({ run }: { readonly run: RunDetails }) {
  const store = useAppStore();
  const [x, y, setLayout] = useApp((state) => [
    state.layout('sweep.x', 'sparsity'),
    state.layout('sweep.y', 'ssim'),
    state.setLayout,
  ]);
  const qualities = measuredColumns(QUALITY, run.sweep);
  const [saving, quality] = [columnOf(SAVINGS, x), columnOf(qualities, y)];
  const figure = useMemo(() => sweepFigure(run.sweep, saving, quality), [run.sweep, saving, quality]);
  const open = async (point: SweepPoint | undefined) => {
    if (!point) return;
    const { showRun, showView } = store.getState();
    useCompare.getState().showPicture(point.pictures[0] ?? 0);
    await showRun(run.summary.id);
    showView('compare');
  };
  return (
    <>
      <div className={styles.axes}>
        <SweepState run={run} />
        <Select
          label="Across"
          value={saving.key}
          options={optionsOf(SAVINGS)}
          onChange={(key) => setLayout('sweep.x', key)}
        />
        <span>against</span>
        <Select
          label="Up"
          value={quality.key}
          options={optionsOf(qualities)}
          onChange={(key) => setLayout('sweep.y', key)}
        />
        <ExportMenu run={run} figure={figure} />
      </div>
      {qualities.length < QUALITY.length && <NoLpips run={run} />}
      <div className={styles.plot}>
        <Plot
          label={`${saving.label} against ${quality.label}; the table below has the numbers`}
          data={figure.data}
          layout={figure.layout}
          onClick={({ points }) => {
            const scheme = points[0]?.customdata;
            void open(run.sweep.find((point) => point.scheme === scheme));
          }}
        />
      </div>
      <SweepTable points={run.sweep} onOpen={open} />
    </>
  );
}

function SweepState({ run }: { readonly run: RunDetails }) {
  const startJob = useApp((state) => state.startJob);
  const { summary, sweep } = run;
  const resume = () =>
    startJob({ kind: 'resume', run: summary.id }).catch((error: unknown) =>
      notifyError('The sweep could not be resumed', error),
    );
  return (
    <span className={styles.state}>
      {summary.status === 'running' && <Badge tone="accent">running, {sweep.length} points so far</Badge>}
      {summary.resumable && (
        <>
          <Badge tone="warning">{summary.status === 'failed' ? 'failed' : 'not finished'}</Badge>
          <Button icon={<RotateCw />} onClick={resume}>
            Go on
          </Button>
        </>
      )}
    </span>
  );
}

/** Points are measured as they are made: one without LPIPS stays so. */
function NoLpips({ run: { sweep, summary } }: { readonly run: RunDetails }) {
  if (summary.sampling === null || sweep.some(({ lpips }) => lpips !== null)) return null;
  return (
    <p className={styles.without}>
      Measured without LPIPS: <MissingLpips missing={whyMissing(summary.sampling)} network="alex" />
    </p>
  );
}

interface ExportMenuProps {
  readonly run: RunDetails;
  readonly figure: ReturnType<typeof sweepFigure>;
}

function ExportMenu({ run, figure }: ExportMenuProps) {
  const name = `sweep-${run.summary.id}`;
  const asFile = (format: 'png' | 'svg') =>
    exportFigure(figure, format, name).catch((error: unknown) => notifyError('The plot could not be exported', error));
  const asCsv = () =>
    saveFile({ fileName: `${name}.csv`, mediaType: 'text/csv', data: new TextEncoder().encode(sweepCsv(run.sweep)) });
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <Button icon={<Download />}>Export</Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={menu.menu} align="end" sideOffset={4}>
          <DropdownMenu.Item className={menu.item} onSelect={asCsv}>
            Table as CSV
          </DropdownMenu.Item>
          <DropdownMenu.Item className={menu.item} onSelect={() => asFile('png')}>
            Plot as PNG
          </DropdownMenu.Item>
          <DropdownMenu.Item className={menu.item} onSelect={() => asFile('svg')}>
            Plot as SVG
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function optionsOf(columns: readonly SweepColumn[]) {
  return columns.map(({ key, label }) => ({ value: key, label }));
}
