import {
  Ellipsis,
  FileDown,
  FolderOpen,
  FolderSearch,
  GitCompare,
  Pencil,
  RotateCw,
  SlidersHorizontal,
  Trash2,
} from 'lucide-react';
import { ContextMenu, DropdownMenu } from 'radix-ui';
import type { ReactElement, ReactNode } from 'react';
import type { RunSummary } from '../../../electron/contract.ts';
import { IconButton } from '../../design/button.tsx';
import menu from '../../design/menu.module.css';

/** What may be done with a run; the card and the menu share it. */
export interface RunCommands {
  open(run: RunSummary): void;
  resume(run: RunSummary): void;
  edit(run: RunSummary): void;
  /** Its schemes: to export, or to compare with others. */
  schemes(run: RunSummary): void;
  compare(run: RunSummary): void;
  exportTable(run: RunSummary): void;
  reveal(run: RunSummary): void;
  remove(run: RunSummary): void;
}

interface Entry {
  readonly label: string;
  readonly icon: ReactNode;
  readonly keys?: string;
  readonly act: (run: RunSummary) => void;
}

/** null: a line between groups. */
function entriesOf(run: RunSummary, commands: RunCommands, canReveal: boolean): (Entry | null)[] {
  return [
    { label: run.hasTable ? 'Open and tune' : 'Open', icon: <FolderOpen />, keys: 'Enter', act: commands.open },
    ...(canResume(run) ? [{ label: 'Resume', icon: <RotateCw />, act: commands.resume }] : []),
    null,
    ...(mayHoldSchemes(run)
      ? [
          { label: 'Compare schemes…', icon: <GitCompare />, act: commands.compare },
          { label: 'Schemes…', icon: <SlidersHorizontal />, act: commands.schemes },
        ]
      : []),
    ...(run.hasTable ? [{ label: 'Export RSE table', icon: <FileDown />, act: commands.exportTable }] : []),
    ...(canReveal ? [{ label: 'Show folder', icon: <FolderSearch />, act: commands.reveal }] : []),
    null,
    { label: 'Rename and tag…', icon: <Pencil />, keys: 'F2', act: commands.edit },
    { label: 'Delete', icon: <Trash2 />, keys: 'Del', act: commands.remove },
  ];
}

/** Its own, those of a sweep, or those saved from its table. */
export function mayHoldSchemes({ sparsity, hasTable, kind }: RunSummary): boolean {
  return sparsity !== null || hasTable || kind === 'sweep';
}

export function canResume({ resumable, status }: RunSummary): boolean {
  return resumable && status !== 'running';
}

interface RunMenuProps {
  readonly run: RunSummary;
  readonly commands: RunCommands;
  readonly canReveal: boolean;
}

/** The menu behind a run's ⋯ button. */
export function RunMenu({ run, commands, canReveal }: RunMenuProps) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <IconButton label={`More about ${run.name}`} icon={<Ellipsis />} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={menu.menu} align="end" sideOffset={2} collisionPadding={8}>
          {entriesOf(run, commands, canReveal).map((entry, i) =>
            entry === null ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name
              <DropdownMenu.Separator key={i} className={menu.separator} />
            ) : (
              <DropdownMenu.Item key={entry.label} className={menu.item} onSelect={() => entry.act(run)}>
                <EntryText entry={entry} />
              </DropdownMenu.Item>
            ),
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** The same by a right click, or by the menu key. */
export function RunContextMenu({
  run,
  commands,
  canReveal,
  children,
}: RunMenuProps & { readonly children: ReactElement }) {
  return (
    <ContextMenu.Root>
      <ContextMenu.Trigger asChild>{children}</ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content className={menu.menu} collisionPadding={8}>
          {entriesOf(run, commands, canReveal).map((entry, i) =>
            entry === null ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name
              <ContextMenu.Separator key={i} className={menu.separator} />
            ) : (
              <ContextMenu.Item key={entry.label} className={menu.item} onSelect={() => entry.act(run)}>
                <EntryText entry={entry} />
              </ContextMenu.Item>
            ),
          )}
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  );
}

function EntryText({ entry }: { readonly entry: Entry }) {
  return (
    <>
      {entry.icon}
      {entry.label}
      {entry.keys && <kbd>{entry.keys}</kbd>}
    </>
  );
}
