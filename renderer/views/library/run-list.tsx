import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import type { RunSummary } from '../../../electron/contract.ts';
import { useShortcut } from '../../shortcuts/shortcuts.ts';
import { useAppStore, useWorkbench } from '../../state/app-context.tsx';
import { EditRunDialog } from './edit-run-dialog.tsx';
import { deleteRun, exportTable, resumeRun, revealRun } from './run-actions.ts';
import { RunCard } from './run-card.tsx';
import styles from './run-list.module.css';
import type { RunCommands } from './run-menu.tsx';
import type { DiffStart } from './scheme-diff/diff-dialog.tsx';
import { SchemesDialog } from './schemes-dialog.tsx';

interface RunListProps {
  readonly runs: readonly RunSummary[];
  readonly onCompare: (start: DiffStart) => void;
}

type OpenDialog = { readonly kind: 'edit' | 'schemes'; readonly run: RunSummary };

/** A card without tags or state, px; the others are measured. */
const CARD_HEIGHT = 73;

/** Runs, newest first; only the cards in sight are there. One Tab stop; arrows, Page Up and Down, Home and End walk. */
export function RunList({ runs, onCompare }: RunListProps) {
  const workbench = useWorkbench();
  const store = useAppStore();
  const scroller = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const tabStop = Math.max(
    0,
    runs.findIndex(({ id }) => id === focused),
  );
  const cards = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => CARD_HEIGHT,
    getItemKey: (index) => runs[index]!.id,
    overscan: 4,
    // The one that Tab stops at stays, so that the focus is not lost by scrolling.
    rangeExtractor: (range: Range) =>
      [...new Set([...defaultRangeExtractor(range), tabStop])]
        .filter((index) => index < runs.length)
        .sort((a, b) => a - b),
  });

  // The same for every card and every rendering, so that cards can tell that nothing changed.
  const commands = useMemo(
    (): RunCommands => ({
      open: (run) => void store.getState().showRun(run.id),
      resume: (run) => void resumeRun(store, run),
      edit: (run) => setDialog({ kind: 'edit', run }),
      schemes: (run) => setDialog({ kind: 'schemes', run }),
      compare: (run) => onCompare({ run: run.id, scheme: null }),
      exportTable: (run) => void exportTable(workbench, run),
      reveal: (run) => void revealRun(workbench, run),
      remove: (run) => void deleteRun(workbench, run),
    }),
    [store, workbench, onCompare],
  );
  const focus = (index: number) => {
    const run = runs[Math.min(runs.length - 1, Math.max(0, index))];
    if (run === undefined) return;
    // Drawn as the Tab stop at once, wherever it is; then it can take the focus.
    flushSync(() => setFocused(run.id));
    cards.scrollToIndex(runs.indexOf(run));
    scroller.current?.querySelector<HTMLElement>(`[data-run="${CSS.escape(run.id)}"]`)?.focus({ preventScroll: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!(document.activeElement instanceof HTMLElement) || document.activeElement.dataset.run === undefined) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / CARD_HEIGHT) - 1);
    const places: Record<string, number> = {
      ArrowDown: tabStop + 1,
      ArrowUp: tabStop - 1,
      PageDown: tabStop + page,
      PageUp: tabStop - page,
      Home: 0,
      End: runs.length - 1,
    };
    const next = places[event.key];
    if (next === undefined) return;
    event.preventDefault();
    focus(next);
  };
  // The cards hear these themselves; here they are told in the list of shortcuts.
  useShortcut({ keys: 'f2', does: 'Rename and tag the run', where: 'Library' }, () => {}, false);
  useShortcut({ keys: 'delete', does: 'Move the run to the trash', where: 'Library' }, () => {}, false);
  const close = () => setDialog(null);
  return (
    <>
      <div ref={scroller} className={styles.scroller}>
        <ul className={styles.runs} style={{ height: cards.getTotalSize() }} aria-label="Runs" onKeyDown={onKeyDown}>
          {cards.getVirtualItems().map(({ index, start }) => (
            <RunCard
              key={runs[index]!.id}
              run={runs[index]!}
              commands={commands}
              inTabOrder={index === tabStop}
              onFocus={setFocused}
              index={index}
              of={runs.length}
              top={start}
              measure={cards.measureElement}
            />
          ))}
        </ul>
      </div>
      {dialog?.kind === 'edit' && <EditRunDialog run={dialog.run} onClose={close} />}
      {dialog?.kind === 'schemes' && (
        <SchemesDialog
          run={dialog.run}
          onClose={close}
          onCompare={(scheme) => {
            close();
            onCompare({ run: dialog.run.id, scheme });
          }}
        />
      )}
    </>
  );
}
