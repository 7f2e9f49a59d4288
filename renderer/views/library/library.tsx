import { GitCompare, Search } from 'lucide-react';
import { useMemo, useState } from 'react';
import { IconButton } from '../../design/button.tsx';
import { EmptyState } from '../../design/empty-state.tsx';
import { Panel } from '../../design/panel.tsx';
import { useApp } from '../../state/app-context.tsx';
import { EmptyLibrary } from './empty-library.tsx';
import { ImportButton } from './import-button.tsx';
import styles from './library.module.css';
import { LibrarySearch } from './library-search.tsx';
import { matchesSearch } from './run-filter.ts';
import { RunList } from './run-list.tsx';
import { mayHoldSchemes } from './run-menu.tsx';
import { DiffDialog, type DiffStart } from './scheme-diff/diff-dialog.tsx';
import { UnreadableRuns } from './unreadable-runs.tsx';

/** Every run that was ever made here. */
export function Library() {
  const [runs, loaded] = useApp((state) => [state.runs, state.runsLoaded]);
  const [search, setSearch] = useState('');
  const [diff, setDiff] = useState<DiffStart | null>(null);
  const found = useMemo(() => runs.filter((run) => matchesSearch(run, search)), [runs, search]);
  const comparable = runs.some(mayHoldSchemes);
  const actions = (
    <>
      <IconButton
        label="Compare schemes"
        icon={<GitCompare />}
        disabled={!comparable}
        onClick={() => setDiff({ run: null, scheme: null })}
      />
      <ImportButton />
    </>
  );
  return (
    <Panel title="Library" actions={actions} flush still>
      {runs.length > 0 && <LibrarySearch value={search} onChange={setSearch} />}
      {loaded && runs.length === 0 && <EmptyLibrary />}
      {runs.length > 0 && found.length === 0 && (
        <div className={styles.nothing}>
          <EmptyState icon={<Search />} title="No run matches">
            Searched are names, prompts, tags (#tag), models and kinds.
          </EmptyState>
        </div>
      )}
      {found.length > 0 && <RunList runs={found} onCompare={setDiff} />}
      <UnreadableRuns />
      {diff !== null && <DiffDialog start={diff} onClose={() => setDiff(null)} />}
    </Panel>
  );
}
