import { Images } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { Button } from '../../design/button.tsx';
import { EmptyState } from '../../design/empty-state.tsx';
import { useApp } from '../../state/app-context.tsx';
import { AddPictureDialog } from './add-picture-dialog.tsx';
import { COMPARE_MODES, type CompareMode, useCompare } from './compare-store.ts';
import { CompareToolbar } from './compare-toolbar.tsx';
import styles from './compare-view.module.css';
import { Filmstrip } from './filmstrip.tsx';
import { isLoaded, type PictureState, useLoadedPictures } from './loaded-picture.ts';
import { MetricsTable } from './metrics-table.tsx';
import { MAX_PANES, type Pane, paneKey, panesOfPicture } from './pane.ts';
import { PixelReadout } from './pixel-readout.tsx';
import { SideBySide } from './side-by-side.tsx';
import { Stage } from './stage.tsx';
import { TwoPictures } from './two-pictures.tsx';
import { zoomOf, zoomTo } from './viewport.ts';

/** Pictures against each other, down to single pixels. */
export function CompareView() {
  const run = useApp((state) => state.openRun);
  const [position, extra] = [useCompare((state) => state.picture), useCompare((state) => state.extra)];
  const [adding, setAdding] = useState(false);
  const pictures = run?.pictures ?? [];
  const picture = pictures[Math.min(position, pictures.length - 1)];
  const panes = useMemo(() => {
    const own = run && picture ? panesOfPicture(run, picture) : [];
    const others = extra.filter((pane) => !own.some((mine) => paneKey(mine) === paneKey(pane)));
    return [...own, ...others].slice(0, MAX_PANES);
  }, [run, picture, extra]);
  const dialog = <AddPictureDialog open={adding} onClose={() => setAdding(false)} />;
  if (panes.length === 0) {
    return (
      <EmptyState
        icon={<Images />}
        title="Compare pictures"
        action={<Button onClick={() => setAdding(true)}>Choose pictures…</Button>}
      >
        <p>Generate with a scheme, or open a run with pictures: original and compressed appear here, pixel by pixel.</p>
        {dialog}
      </EmptyState>
    );
  }
  return (
    <div className={styles.view}>
      <Comparison panes={panes} prompt={picture?.prompt ?? null} onAdd={() => setAdding(true)} />
      <MetricsTable panes={panes} removable={new Set(extra.map(paneKey))} />
      {run && <Filmstrip run={run} />}
      {dialog}
    </div>
  );
}

interface ComparisonProps {
  readonly panes: readonly Pane[];
  readonly prompt: string | null;
  readonly onAdd: () => void;
}

function Comparison({ panes, prompt, onAdd }: ComparisonProps) {
  const [remembered, setLayout] = useApp((state) => [state.layout<string>('compare.mode', 'side'), state.setLayout]);
  const wanted = COMPARE_MODES.find((known) => known === remembered) ?? 'side';
  const pictures = useLoadedPictures(panes);
  const [viewport, setViewport] = [useCompare((state) => state.viewport), useCompare((state) => state.setViewport)];
  const against = useCompare((state) => state.against);
  const [point, setPoint] = useState<{ x: number; y: number } | null>(null);
  const body = useRef<HTMLDivElement>(null);

  const loaded = panes.map((pane) => pictures.get(paneKey(pane))).filter(isLoaded);
  const size = loaded[0] ?? { width: 512, height: 512 };
  const pane = paneSize(body.current);
  const zoom = loaded[0] && pane ? zoomOf(viewport, pane, size) : null;
  return (
    <>
      <CompareToolbar
        mode={wanted}
        panes={panes}
        zoom={zoom}
        onMode={(next) => setLayout('compare.mode', next)}
        onZoom={(next) => {
          const now = paneSize(body.current);
          if (now) setViewport(zoomTo(viewport, now, size, next));
        }}
        onAdd={onAdd}
      />
      <div ref={body} className={styles.body}>
        <Stage label={prompt ?? 'Pictures'} picture={size} onPoint={setPoint}>
          <Picture mode={wanted} panes={panes} pictures={pictures} against={against} />
        </Stage>
      </div>
      <PixelReadout
        point={point}
        pictures={panes.map((one) => {
          const state = pictures.get(paneKey(one));
          return { label: one.label, picture: isLoaded(state) ? state : null };
        })}
      />
    </>
  );
}

interface PictureProps {
  readonly mode: CompareMode;
  readonly panes: readonly Pane[];
  readonly pictures: ReadonlyMap<string, PictureState>;
  readonly against: number;
}

function Picture({ mode, panes, pictures, against }: PictureProps) {
  const reference = panes[0]!;
  const other = panes[Math.min(against, panes.length - 1)]!;
  const [a, b] = [pictures.get(paneKey(reference)), pictures.get(paneKey(other))];
  const sideBySide = <SideBySide panes={panes} pictures={pictures} />;
  if (mode === 'side' || panes.length < 2 || !isLoaded(a) || !isLoaded(b)) return sideBySide;
  if (a.width !== b.width || a.height !== b.height) {
    return (
      <p className={styles.sizes}>
        {reference.label} is {a.width}×{a.height}, {other.label} is {b.width}×{b.height}. Pictures of two sizes can only
        be looked at side by side.
      </p>
    );
  }
  return <TwoPictures mode={mode} reference={a} other={b} names={[reference.label, other.label]} />;
}

function paneSize(body: HTMLElement | null) {
  const box = body?.querySelector('[data-pane]')?.getBoundingClientRect();
  return box ? { width: box.width, height: box.height } : null;
}
