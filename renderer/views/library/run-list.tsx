import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
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

/** Runs, newest first. One Tab stop; arrows, Home and End walk. */
export function RunList({ runs, onCompare }: RunListProps) {
  const workbench = useWorkbench();
  const store = useAppStore();
  const list = useRef<HTMLUListElement>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const tabStop = runs.some(({ id }) => id === focused) ? focused : (runs[0]?.id ?? null);

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
  const onKeyDown = (event: KeyboardEvent) => {
    const buttons = [...(list.current?.querySelectorAll<HTMLElement>('[data-run]') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return;
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 };
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    buttons[Math.min(buttons.length - 1, Math.max(0, next))]?.focus();
  };
  // The cards hear these themselves; here they are told in the list of shortcuts.
  useShortcut({ keys: 'f2', does: 'Rename and tag the run', where: 'Library' }, () => {}, false);
  useShortcut({ keys: 'delete', does: 'Move the run to the trash', where: 'Library' }, () => {}, false);
  const close = () => setDialog(null);
  return (
    <>
      <ul ref={list} className={styles.runs} aria-label="Runs" onKeyDown={onKeyDown}>
        {runs.map((run) => (
          <RunCard key={run.id} run={run} commands={commands} inTabOrder={run.id === tabStop} onFocus={setFocused} />
        ))}
      </ul>
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
