import { Redo2, RotateCcw, Undo2 } from 'lucide-react';
import { IconButton } from '../../design/button.tsx';
import { showKeys, useShortcut } from '../../shortcuts/shortcuts.ts';
import { useApp } from '../../state/app-context.tsx';

/** Undo, redo, and back to the search's own values. */
export function HistoryButtons() {
  const [canUndo, canRedo, open, undo, redo, reset] = useApp((state) => [
    state.undoStack.length > 0,
    state.redoStack.length > 0,
    state.tuning !== null,
    state.undo,
    state.redo,
    state.resetTuning,
  ]);
  useShortcut({ keys: 'mod+z', does: 'Undo a change of sliders or pins', where: 'Controls' }, undo, canUndo);
  useShortcut({ keys: 'mod+shift+z', does: 'Redo it', where: 'Controls' }, redo, canRedo);
  return (
    <>
      <IconButton label="Undo" keys={showKeys('mod+z')} icon={<Undo2 />} disabled={!canUndo} onClick={undo} />
      <IconButton label="Redo" keys={showKeys('mod+shift+z')} icon={<Redo2 />} disabled={!canRedo} onClick={redo} />
      <IconButton label="Back to the values of the search" icon={<RotateCcw />} disabled={!open} onClick={reset} />
    </>
  );
}
