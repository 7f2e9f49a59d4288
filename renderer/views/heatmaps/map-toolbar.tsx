import { methodLabel } from '../../../electron/contract/methods.ts';
import { Segmented } from '../../design/segmented.tsx';
import { Select } from '../../design/select.tsx';
import type { MapColour, MapKind } from './map-matrix.ts';
import styles from './map-toolbar.module.css';
import { StepPlayer } from './step-player.tsx';

interface MapToolbarProps {
  readonly kind: MapKind;
  readonly colour: MapColour;
  readonly methods: readonly string[];
  readonly steps: number;
  readonly onKind: (kind: MapKind) => void;
  readonly onColour: (colour: MapColour) => void;
}

const KINDS = [
  { value: 'heads-layers', label: 'Heads × layers', title: 'Every head of every layer at one step' },
  { value: 'steps-layers', label: 'Steps × layers', title: 'Layers as a whole over all steps' },
  { value: 'steps-heads', label: 'Steps × heads', title: 'The heads of one layer over all steps' },
] as const;

export function MapToolbar({ kind, colour, methods, steps, onKind, onColour }: MapToolbarProps) {
  const rse = methods.filter((method) => method !== 'full');
  const colours: { value: MapColour; label: string }[] = [
    { value: 'chosen', label: kind === 'steps-layers' ? 'Share of heads not full' : 'Chosen method' },
    { value: 'used', label: 'RSE of the chosen method' },
    ...rse.map((method) => ({ value: `rse:${method}` as const, label: `RSE of ${methodLabel(method)}` })),
  ];
  return (
    <div className={styles.toolbar}>
      <Segmented label="What the map spans" value={kind} options={KINDS} onChange={onKind} />
      <Select label="Colour by" value={colour} options={colours} onChange={onColour} />
      <StepPlayer steps={steps} />
    </div>
  );
}
