import { Download, RotateCw } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useMemo } from 'react';
import type { RunDetails, SweepPoint } from '../../../electron/contract.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import menu from '../../design/menu.module.css';
import { notifyError } from '../../design/notify.ts';
import { Select } from '../../design/select.tsx';
import { saveFile } from '../../files/save-file.ts';
import { Plot } from '../../plots/plot.tsx';
import { useApp, useAppStore } from '../../state/app-context.tsx';
import { useCompare } from '../compare/compare-store.ts';
import { exportFigure } from './export-figure.ts';
import { sweepFigure } from './sweep-figure.ts';
import { columnOf, QUALITY, SAVINGS, sweepCsv } from './sweep-metrics.ts';
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
  const hasLpips = run.sweep.some(({ lpips }) => lpips !== null);
  const qualities = QUALITY.filter(({ key }) => key !== 'lpips' || hasLpips);
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

function optionsOf(columns: typeof QUALITY) {
  return columns.map(({ key, label }) => ({ value: key, label }));
}
