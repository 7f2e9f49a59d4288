import { Cpu } from 'lucide-react';
import { useEffect, useState } from 'react';
import { formatBytes } from '../../design/format.ts';
import { Popover } from '../../design/popover.tsx';
import { Select, type SelectOption } from '../../design/select.tsx';
import { useApp } from '../../state/app-context.tsx';
import styles from './device-status.module.css';

const REFRESH_MS = 5000;

/** What computes, and how much memory is left. */
export function DeviceStatus() {
  const [open, setOpen] = useState(false);
  const [device, connected, loadDevice, chosen, changeSettings] = useApp((state) => [
    state.device,
    state.connection === 'open',
    state.loadDevice,
    state.settings?.device ?? 'auto',
    state.changeSettings,
  ]);
  useEffect(() => {
    if (!connected) return;
    const timer = setInterval(() => {
      // A request that fails says nothing new: the connection's own status does.
      if (document.visibilityState === 'visible') void loadDevice().catch(() => {});
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [connected, loadDevice]);
  const used = device?.devices.find(({ id }) => id === chosen.split('+')[0]) ?? device?.devices[0];
  if (device === null || used === undefined) return null;
  const cards = device.devices.filter(({ kind }) => kind === 'cuda');

  const trigger = (
    <button type="button" className={styles.trigger}>
      <span className="visually-hidden">Device:</span>
      <Cpu size={15} aria-hidden />
      <span className={styles.name}>{used.name}</span>
      <span className={styles.memory}>{formatBytes(device.availableBytes)} free</span>
    </button>
  );
  return (
    <Popover open={open} onOpenChange={setOpen} label="Device and memory" trigger={trigger} align="end">
      <div className={styles.details}>
        {device.devices.map(({ id, kind, name, computeDtype, memoryBytes }) => (
          <div key={id} className={styles.device}>
            <strong>{name}</strong>
            <span>
              {kind === 'cuda' ? 'CUDA' : 'CPU'}, computes in {computeDtype}, {formatBytes(memoryBytes)}
              {id === used.id && device.devices.length > 1 && ', in use'}
            </span>
          </div>
        ))}
        {cards.length > 0 && (
          <div className={styles.choice}>
            <span>Run on</span>
            <Select
              label="Run on"
              value={chosen}
              options={choices(cards)}
              onChange={(next) => changeSettings({ device: next })}
            />
            <p>From the next job on.</p>
          </div>
        )}
        <dl className={styles.facts}>
          <dt>Free on the machine</dt>
          <dd>{formatBytes(device.availableBytes)}</dd>
          <dt>Taken by Arrowhead</dt>
          <dd>{formatBytes(device.processBytes)}</dd>
          <dt>Text encoders and VAE</dt>
          <dd>{device.onnx}</dd>
        </dl>
      </div>
    </Popover>
  );
}

/** Every card in each of its ways, the processor, and the choice between them. */
function choices(cards: readonly { readonly id: string; readonly name: string }[]): SelectOption<string>[] {
  const ways = [
    ['', ''],
    ['+fp8', ', fp8 projections'],
    ['+offload', ', weights in host memory'],
    ['+fp8+offload', ', fp8, weights in host memory'],
  ] as const;
  return [
    { value: 'auto', label: 'The first card' },
    ...cards.flatMap(({ id, name }) =>
      ways.map(([suffix, text]) => ({
        value: `${id}${suffix}`,
        label: `${cards.length > 1 ? `${id} ` : ''}${name}${text}`,
      })),
    ),
    { value: 'cpu', label: 'Processor' },
  ];
}
