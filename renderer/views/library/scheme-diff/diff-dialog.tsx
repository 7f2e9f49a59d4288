import { ArrowLeftRight } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import { IconButton } from '../../../design/button.tsx';
import { EmptyState } from '../../../design/empty-state.tsx';
import { Modal } from '../../../design/modal.tsx';
import { useAppStore, useWorkbench } from '../../../state/app-context.tsx';
import type { AppState } from '../../../state/app-state.ts';
import styles from './diff-dialog.module.css';
import { DiffResult } from './diff-result.tsx';
import { createDiffStore, type SchemeChoice } from './diff-store.ts';
import { SchemePicker } from './scheme-picker.tsx';

/** What to begin with; null where the user has not chosen. */
export interface DiffStart {
  readonly run: string | null;
  readonly scheme: string | null;
}

interface DiffDialogProps {
  readonly start: DiffStart;
  readonly onClose: () => void;
}

/** Two schemes, head by head. */
export function DiffDialog({ start, onClose }: DiffDialogProps) {
  const workbench = useWorkbench();
  const store = useAppStore();
  const diffs = useMemo(() => createDiffStore(workbench, store), [workbench, store]);
  const { diff, problem, loading, compare } = useStore(diffs);
  const [[a, b], setSides] = useState(() => initialSides(start, store.getState()));
  useEffect(() => {
    void compare(a, b);
  }, [compare, a, b]);
  return (
    <Modal open onClose={onClose} title="Compare schemes" wide>
      <div className={styles.sides}>
        <SchemePicker side="A" choice={a} onChange={(next) => setSides([next, b])} />
        <IconButton label="Swap A and B" icon={<ArrowLeftRight />} onClick={() => setSides([b, a])} />
        <SchemePicker side="B" choice={b} onChange={(next) => setSides([a, next])} />
      </div>
      {problem !== null && (
        <p className={styles.problem} role="alert">
          {problem}
        </p>
      )}
      {diff !== null && problem === null && <DiffResult diff={diff} onClose={onClose} />}
      {diff === null && problem === null && !loading && (
        <div className={styles.empty}>
          <EmptyState title="Choose two schemes">
            The picture will show in which steps and layers heads go by another method.
          </EmptyState>
        </div>
      )}
    </Modal>
  );
}

type StartState = Pick<AppState, 'calibration' | 'openRun'>;

/** A is what was asked for, or the open run's scheme; B is what the sliders say. */
function initialSides({ run, scheme }: DiffStart, { calibration, openRun }: StartState): [SchemeChoice, SchemeChoice] {
  const first = run ?? (openRun && openRun.schemes.length > 0 ? openRun.summary.id : null);
  const a: SchemeChoice = first === null ? null : { kind: 'scheme', run: first, scheme };
  return [a, calibration === null ? null : { kind: 'sliders' }];
}
