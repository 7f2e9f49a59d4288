import { Cpu } from 'lucide-react';
import { useEffect, useState } from 'react';
import { formatBytes } from '../../design/format.ts';
import { Popover } from '../../design/popover.tsx';
import { useApp } from '../../state/app-context.tsx';
import styles from './device-status.module.css';

const REFRESH_MS = 5000;

/** What computes, and how much memory is left. */
export function DeviceStatus() {
  const [open, setOpen] = useState(false);
  const [device, connected, loadDevice] = useApp((state) => [
    state.device,
    state.connection === 'open',
    state.loadDevice,
  ]);
  useEffect(() => {
    if (!connected) return;
    const timer = setInterval(() => {
      // A request that fails says nothing new: the connection's own status does.
      if (document.visibilityState === 'visible') void loadDevice().catch(() => {});
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [connected, loadDevice]);
  const [preferred] = device?.devices ?? [];
  if (device === null || preferred === undefined) return null;

  const trigger = (
    <button type="button" className={styles.trigger}>
      <span className="visually-hidden">Device:</span>
      <Cpu size={15} aria-hidden />
      <span className={styles.name}>{preferred.name}</span>
      <span className={styles.memory}>{formatBytes(device.availableBytes)} free</span>
    </button>
  );
  return (
    <Popover open={open} onOpenChange={setOpen} label="Device and memory" trigger={trigger} align="end">
      <div className={styles.details}>
        {device.devices.map(({ kind, name, computeDtype, memoryBytes }, i) => (
          <div key={name} className={styles.device}>
            <strong>{name}</strong>
            <span>
              {kind === 'cuda' ? 'CUDA' : 'CPU'}, computes in {computeDtype}, {formatBytes(memoryBytes)}
              {i === 0 && device.devices.length > 1 && ', used first'}
            </span>
          </div>
        ))}
        <dl className={styles.facts}>
          <dt>Free on the machine</dt>
          <dd>{formatBytes(device.availableBytes)}</dd>
          <dt>Taken by Arrowhead</dt>
          <dd>{formatBytes(device.processBytes)}</dd>
        </dl>
      </div>
    </Popover>
  );
}
