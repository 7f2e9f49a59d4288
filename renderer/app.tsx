import { Grid3x3, Images, PanelRight, ScanSearch, TableProperties } from 'lucide-react';
import { Tabs } from 'radix-ui';
import type { ReactNode } from 'react';
import { Group, type Layout, type LayoutChangedMeta, Panel, Separator } from 'react-resizable-panels';
import styles from './app.module.css';
import { IconButton } from './design/button.tsx';
import { useDocumentTheme, useIsDark } from './design/theme.ts';
import { Toaster } from './design/toaster.tsx';
import { useMenuCommands } from './shortcuts/menu-commands.ts';
import { showKeys, useShortcut } from './shortcuts/shortcuts.ts';
import { ShortcutsDialog } from './shortcuts/shortcuts-dialog.tsx';
import { useApp } from './state/app-context.tsx';
import type { View } from './state/view-slice.ts';
import { AttentionView } from './views/attention/attention-view.tsx';
import { CompareView } from './views/compare/compare-view.tsx';
import { ControlColumn } from './views/control-column/control-column.tsx';
import { HeatmapsView } from './views/heatmaps/heatmaps-view.tsx';
import { Library } from './views/library/library.tsx';
import { SweepView } from './views/sweep/sweep-view.tsx';
import { TopBar } from './views/top-bar/top-bar.tsx';
import { LoginScreen } from './workbench/login-screen.tsx';

const VIEW_TABS: readonly { view: View; label: string; icon: ReactNode; content: () => ReactNode }[] = [
  { view: 'heatmaps', label: 'Heatmaps', icon: <Grid3x3 />, content: () => <HeatmapsView /> },
  { view: 'attention', label: 'Attention', icon: <ScanSearch />, content: () => <AttentionView /> },
  { view: 'compare', label: 'Compare', icon: <Images />, content: () => <CompareView /> },
  { view: 'sweep', label: 'Sweep', icon: <TableProperties />, content: () => <SweepView /> },
];

/** The whole window: top bar, control column, views, library. */
export function App() {
  useDocumentTheme();
  useMenuCommands();
  const dark = useIsDark();
  const refused = useApp((state) => state.connection === 'refused');
  const [libraryOpen, setLayout] = useApp((state) => [
    state.layout('library.open', window.innerWidth >= 1200),
    state.setLayout,
  ]);
  const toggleLibrary = () => setLayout('library.open', !libraryOpen);
  useShortcut({ keys: 'mod+l', does: 'Show or hide the library', where: 'Everywhere' }, toggleLibrary);
  if (refused) return <LoginScreen />;
  return (
    <div className={styles.window}>
      <TopBar />
      <main className={styles.main}>
        <Columns libraryOpen={libraryOpen} onToggleLibrary={toggleLibrary} />
      </main>
      <ShortcutsDialog />
      <Toaster dark={dark} />
    </div>
  );
}

interface ColumnsProps {
  readonly libraryOpen: boolean;
  readonly onToggleLibrary: () => void;
}

function Columns({ libraryOpen, onToggleLibrary }: ColumnsProps) {
  const [controlWidth, libraryWidth, setLayout] = useApp((state) => [
    state.layout('controls.width', 300),
    state.layout('library.width', 280),
    state.setLayout,
  ]);
  // What the user set, in pixels; a narrow window squeezes the columns for as long as it is narrow.
  const remember = (layout: Layout, { isUserInteraction }: LayoutChangedMeta) => {
    if (!isUserInteraction) return;
    for (const column of ['controls', 'library'])
      if (layout[column] !== undefined) setLayout(`${column}.width`, Math.round((layout[column] / 100) * innerWidth));
  };
  return (
    <Group orientation="horizontal" className={styles.columns ?? ''} onLayoutChanged={remember}>
      <Panel
        id="controls"
        defaultSize={controlWidth}
        minSize={264}
        maxSize={440}
        groupResizeBehavior="preserve-pixel-size"
      >
        <ControlColumn />
      </Panel>
      <Separator className={styles.separator ?? ''} aria-label="Width of the control column" />
      <Panel id="views" minSize={420}>
        <Views libraryOpen={libraryOpen} onToggleLibrary={onToggleLibrary} />
      </Panel>
      {libraryOpen && (
        <>
          <Separator className={styles.separator ?? ''} aria-label="Width of the library" />
          <Panel
            id="library"
            defaultSize={libraryWidth}
            minSize={220}
            maxSize={480}
            groupResizeBehavior="preserve-pixel-size"
          >
            <Library />
          </Panel>
        </>
      )}
    </Group>
  );
}

function Views({ libraryOpen, onToggleLibrary }: ColumnsProps) {
  const [view, showView] = useApp((state) => [state.view, state.showView]);
  return (
    <Tabs.Root value={view} onValueChange={(next) => showView(next as View)} className={styles.views}>
      <div className={styles.tabBar}>
        <Tabs.List className={styles.tabs} aria-label="Views">
          {VIEW_TABS.map((tab, i) => (
            <ViewTab key={tab.view} {...tab} keys={`mod+${i + 1}`} />
          ))}
        </Tabs.List>
        <IconButton
          label={libraryOpen ? 'Hide the library' : 'Show the library'}
          keys={showKeys('mod+l')}
          icon={<PanelRight />}
          pressed={libraryOpen}
          onClick={onToggleLibrary}
        />
      </div>
      {VIEW_TABS.map(({ view: name, content }) => (
        <Tabs.Content key={name} value={name} className={styles.view} tabIndex={-1}>
          {content()}
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}

interface ViewTabProps {
  readonly view: View;
  readonly label: string;
  readonly icon: ReactNode;
  readonly keys: string;
}

function ViewTab({ view, label, icon, keys }: ViewTabProps) {
  const showView = useApp((state) => state.showView);
  useShortcut({ keys, does: label, where: 'Views' }, () => showView(view));
  return (
    <Tabs.Trigger value={view} className={styles.tab} title={`${label} (${showKeys(keys)})`}>
      {icon}
      {label}
    </Tabs.Trigger>
  );
}
