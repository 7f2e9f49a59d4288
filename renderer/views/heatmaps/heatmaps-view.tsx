import { Grid3x3 } from 'lucide-react';
import { EmptyState } from '../../design/empty-state.tsx';
import { describeError } from '../../design/notify.ts';
import { useApp } from '../../state/app-context.tsx';
import { CalibrateDemoButton } from '../control-column/calibrate-demo-button.tsx';
import { CellInspector } from './cell-inspector.tsx';
import styles from './heatmaps-view.module.css';
import { MapLegend } from './map-legend.tsx';
import { MAP_KINDS, type MapColour, type MapKind } from './map-matrix.ts';
import { MapSurface } from './map-surface.tsx';
import { MapToolbar } from './map-toolbar.tsx';

/** What every head loses, and what was chosen for it. */
export function HeatmapsView() {
  const [calibration, solved, tuning, error, isDemo] = useApp((state) => [
    state.calibration,
    state.solved,
    state.tuning,
    state.solveError,
    (state.settings?.model ?? null) === null,
  ]);
  const [kind, colour, setLayout] = useApp((state) => [
    state.layout<string>('heatmaps.kind', 'heads-layers'),
    state.layout<string>('heatmaps.colour', 'chosen'),
    state.setLayout,
  ]);
  if (calibration === null || tuning === null) return <Nothing isDemo={isDemo} />;
  if (solved === null) {
    if (error === null) return <p className={styles.waiting}>Solving…</p>;
    return (
      <EmptyState icon={<Grid3x3 />} title="This table cannot be solved">
        {describeError(error).message} {describeError(error).hint}
      </EmptyState>
    );
  }
  const knownKind = MAP_KINDS.find((known) => known === kind) ?? 'heads-layers';
  const knownColour = knownColourOf(colour, calibration.methods);
  return (
    <div className={styles.view}>
      <MapToolbar
        kind={knownKind}
        colour={knownColour}
        methods={calibration.methods}
        steps={calibration.steps}
        onKind={(next: MapKind) => setLayout('heatmaps.kind', next)}
        onColour={(next) => setLayout('heatmaps.colour', next)}
      />
      <div className={styles.body}>
        <div className={styles.map}>
          <MapSurface calibration={calibration} solved={solved} tuning={tuning} kind={knownKind} colour={knownColour} />
          <MapLegend
            methods={calibration.methods}
            showMethods={knownColour === 'chosen' && knownKind !== 'steps-layers'}
          />
        </div>
        <CellInspector calibration={calibration} solved={solved} tuning={tuning} />
      </div>
    </div>
  );
}

/** Of another table's methods, the remembered colour may know nothing. */
function knownColourOf(colour: string, methods: readonly string[]): MapColour {
  if (colour === 'used') return 'used';
  const method = colour.startsWith('rse:') ? colour.slice('rse:'.length) : null;
  return method !== null && methods.includes(method) ? `rse:${method}` : 'chosen';
}

function Nothing({ isDemo }: { readonly isDemo: boolean }) {
  return (
    <EmptyState
      icon={<Grid3x3 />}
      title="See what every head loses"
      action={isDemo ? <CalibrateDemoButton /> : undefined}
    >
      <p>
        A calibration tries every method on every attention head at every step, and measures the error. Here you see it
        as maps, and choose methods by hand.
      </p>
    </EmptyState>
  );
}
