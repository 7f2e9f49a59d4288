import { Grid3x3, Images, Import, RotateCw, SlidersHorizontal, TableProperties } from 'lucide-react';
import { type KeyboardEvent, memo } from 'react';
import type { RunSummary } from '../../../electron/contract.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Thumbnail } from '../../files/thumbnail.tsx';
import { useApp } from '../../state/app-context.tsx';
import styles from './run-card.module.css';
import { boundFacts, KIND_NAMES, outcomeFacts, showTime } from './run-facts.ts';
import { canResume, type RunCommands, RunContextMenu, RunMenu } from './run-menu.tsx';

const KIND_ICONS = {
  calibration: <Grid3x3 aria-hidden />,
  generation: <Images aria-hidden />,
  sweep: <TableProperties aria-hidden />,
  import: <Import aria-hidden />,
} as const satisfies Record<RunSummary['kind'], unknown>;

interface RunCardProps {
  readonly run: RunSummary;
  readonly commands: RunCommands;
  /** Whether Tab stops here: one card of the list, arrows reach the others. */
  readonly inTabOrder: boolean;
  readonly onFocus: (run: string) => void;
  /** Where it is in a list of which only a part is drawn. */
  readonly index: number;
  readonly of: number;
  readonly top: number;
  /** Measures it: cards are not all of one height. */
  readonly measure: (card: HTMLElement | null) => void;
}

/** Drawn anew only where its own run changed: a library may hold hundreds. */
export const RunCard = memo(function RunCard({
  run,
  commands,
  inTabOrder,
  onFocus,
  index,
  of,
  top,
  measure,
}: RunCardProps) {
  const [isOpen, isTuned, canReveal, progress] = useApp((state) => [
    state.openRun?.summary.id === run.id,
    state.calibration?.run === run.id,
    state.host?.canReveal === true,
    state.jobs.find((job) => job.run === run.id && job.status === 'running')?.progress.value ?? null,
  ]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'F2') commands.edit(run);
    else if (event.key === 'Delete') commands.remove(run);
    else return;
    event.preventDefault();
  };
  return (
    <RunContextMenu run={run} commands={commands} canReveal={canReveal}>
      <li
        ref={measure}
        data-index={index}
        className={`${styles.card} ${isOpen ? styles.open : ''}`}
        style={{ transform: `translateY(${top}px)` }}
        aria-posinset={index + 1}
        aria-setsize={of}
      >
        <button
          type="button"
          data-run={run.id}
          className={styles.main}
          tabIndex={inTabOrder ? 0 : -1}
          aria-current={isOpen ? 'true' : undefined}
          title={run.prompt}
          onClick={() => commands.open(run)}
          onKeyDown={onKeyDown}
          onFocus={() => onFocus(run.id)}
        >
          <span className={styles.thumbnail}>
            <Thumbnail
              image={run.thumbnail && { run: run.id, file: run.thumbnail.file }}
              version={run.thumbnail?.modified}
              alt=""
              fallback={KIND_ICONS[run.kind]}
            />
          </span>
          <span className={styles.text}>
            <span className={styles.name}>
              <span>{run.name}</span>
              {isTuned && <SlidersHorizontal size={13} aria-label="its table is being tuned" />}
            </span>
            <span className={styles.facts}>{outcomeFacts(run).join(' · ')}</span>
            <span className={`${styles.facts} ${styles.made}`} title={new Date(run.created).toLocaleString()}>
              <span title={KIND_NAMES[run.kind]}>
                {KIND_ICONS[run.kind]}
                <span className="visually-hidden">{KIND_NAMES[run.kind]}</span>
              </span>
              {[...boundFacts(run), showTime(run.created, new Date())].join(' · ')}
            </span>
            {run.tags.length > 0 && <span className={styles.tags}>{run.tags.map((tag) => `#${tag}`).join(' ')}</span>}
          </span>
        </button>
        <RunMenu run={run} commands={commands} canReveal={canReveal} />
        <RunState run={run} progress={progress} onResume={() => commands.resume(run)} />
      </li>
    </RunContextMenu>
  );
});

interface RunStateProps {
  readonly run: RunSummary;
  /** Of the job that writes it; null where none does. */
  readonly progress: number | null;
  readonly onResume: () => void;
}

/** Shown only where a run is not simply finished. */
function RunState({ run, progress, onResume }: RunStateProps) {
  if (progress !== null)
    return <progress className={styles.progress} value={progress} max={1} aria-label={`Progress of ${run.name}`} />;
  if (canResume(run))
    return (
      <div className={styles.state}>
        <Badge tone="warning" title={run.error ?? ''}>
          Unfinished
        </Badge>
        <Button icon={<RotateCw />} onClick={onResume} aria-label={`Resume ${run.name}`}>
          Resume
        </Button>
      </div>
    );
  if (run.status === 'failed')
    return (
      <div className={styles.state}>
        <Badge tone="danger">Failed</Badge>
        <span className={styles.error} title={run.error ?? ''}>
          {run.error}
        </span>
      </div>
    );
  if (run.status === 'cancelled' || run.status === 'interrupted')
    return (
      <div className={styles.state}>
        <Badge>{run.status === 'cancelled' ? 'Cancelled' : 'Interrupted'}</Badge>
      </div>
    );
  return null;
}
