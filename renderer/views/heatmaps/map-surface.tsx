import { ContextMenu } from 'radix-ui';
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import type { Calibration, Solved } from '../../../electron/contract.ts';
import { methodLabel } from '../../../electron/contract/methods.ts';
import menu from '../../design/menu.module.css';
import { type Cell, CellMap } from '../../plots/cell-map.tsx';
import { ColourScale } from '../../plots/colour-scale.tsx';
import { MethodSwatch } from '../../plots/method-swatch.tsx';
import { useLooks } from '../../plots/use-looks.ts';
import { useApp } from '../../state/app-context.tsx';
import type { Tuning } from '../../state/tuning.ts';
import { HoverCard } from './hover-card.tsx';
import { cellNumbers, cellOf, type MapColour, type MapKind, type Place, placeOf } from './map-matrix.ts';
import styles from './map-surface.module.css';
import { pinOf } from './pinning.ts';
import { placeLabel } from './place-label.ts';
import { useHeatmap } from './use-heatmap.ts';
import { usePinning } from './use-pinning.ts';

interface MapSurfaceProps {
  readonly calibration: Calibration;
  readonly solved: Solved;
  readonly tuning: Tuning;
  readonly kind: MapKind;
  readonly colour: MapColour;
}

interface Hover {
  readonly place: Place;
  /** Of the pointer, in the map's own pixels. */
  readonly x: number;
  readonly y: number;
}

/** The map itself: hover tells, click selects, the menu and the keys 1…9 pin, arrows move. */
export function MapSurface({ calibration, solved, tuning, kind, colour }: MapSurfaceProps) {
  const [selection, select] = useApp((state) => [state.selection, state.select]);
  const map = useHeatmap({ calibration, solved, pins: tuning.pins, kind, colour, selection });
  const [hover, setHover] = useState<Hover | null>(null);
  const surface = useRef<HTMLDivElement>(null);
  const { pin, unpin } = usePinning();
  const help = useId();
  const lookOf = useLooks(calibration.methods);

  const onHover = (cell: Cell | null, clientX: number, clientY: number) => {
    if (cell === null) return setHover(null);
    const box = surface.current!.getBoundingClientRect();
    const place = placeOf(kind, cell.column, cell.row, selection);
    setHover({ place, x: clientX - box.left, y: clientY - box.top });
  };
  const selectPlace = ({ step, layer, head }: Place) => select({ step, layer, head: head ?? selection.head });
  const scope = kind === 'steps-layers' ? 'layer' : 'head';

  const onKeyDown = (event: KeyboardEvent) => {
    const { column, row } = cellOf(kind, selection);
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const move = moves[event.key];
    const method = calibration.methods[Number(event.key) - 1];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (move) selectPlace(placeOf(kind, column + move[0], row + move[1], selection));
    else if (event.key === 'PageUp') select({ step: selection.step - 1 });
    else if (event.key === 'PageDown') select({ step: selection.step + 1 });
    else if (event.key === 'Delete' || event.key === 'Backspace') unpin(selection);
    else if (/^[1-9]$/.test(event.key) && method) pin(selection, scope, method);
    else return;
    event.preventDefault();
  };

  return (
    <ContextMenu.Root>
      <ContextMenu.Trigger asChild>
        <div
          ref={surface}
          className={styles.surface}
          role="application"
          aria-roledescription="heatmap"
          aria-label={`Heatmap, ${placeLabel(calibration, selection)} selected`}
          aria-describedby={help}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a map that is walked with the arrow keys, as a grid is
          tabIndex={0}
          onKeyDown={onKeyDown}
        >
          <CellMap
            {...map}
            selected={cellOf(kind, selection)}
            scale={map.scale && <ColourScale {...map.scale} />}
            onHover={onHover}
            onClick={({ column, row }) => selectPlace(placeOf(kind, column, row, selection))}
          />
          {hover && <HoverCard {...hover} calibration={calibration} solved={solved} tuning={tuning} />}
          <p id={help} className="visually-hidden">
            Arrow keys move, Page Up and Page Down change the step, 1 to {Math.min(9, calibration.methods.length)} pin a
            method, Delete unpins.
          </p>
          <p className="visually-hidden" aria-live="polite">
            {announce(calibration, solved, selection)}
          </p>
        </div>
      </ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content className={menu.menu} collisionPadding={8}>
          <ContextMenu.Label className={menu.heading}>{placeLabel(calibration, selection)}</ContextMenu.Label>
          {calibration.methods.map((method, n) => (
            <ContextMenu.Item key={method} className={menu.item} onSelect={() => pin(selection, scope, method)}>
              <MethodSwatch look={lookOf(method)} /> Pin {methodLabel(method)}
              {n < 9 && <kbd>{n + 1}</kbd>}
            </ContextMenu.Item>
          ))}
          <ContextMenu.Separator className={menu.separator} />
          <ContextMenu.Item
            className={menu.item}
            disabled={pinOf(tuning.pins, selection) === null}
            onSelect={() => unpin(selection)}
          >
            Unpin <kbd>Del</kbd>
          </ContextMenu.Item>
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  );
}

function announce(calibration: Calibration, solved: Solved, place: Place): string {
  const { methods } = cellNumbers(calibration, solved, place);
  const chosen = methods.find(({ chosenBy }) => chosenBy > 0);
  if (!chosen) return '';
  return `${placeLabel(calibration, place)}: ${methodLabel(chosen.name)}, RSE ${chosen.rse.toPrecision(2)}`;
}
