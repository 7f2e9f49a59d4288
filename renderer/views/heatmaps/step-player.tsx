import { Pause, Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import { IconButton } from '../../design/button.tsx';
import { Slider } from '../../design/slider.tsx';
import { useShortcut } from '../../shortcuts/shortcuts.ts';
import { useApp } from '../../state/app-context.tsx';
import styles from './step-player.module.css';

const STEPS_PER_SECOND = 5;

/** The denoising step that all views show, and a button that runs through them. */
export function StepPlayer({ steps }: { readonly steps: number }) {
  const [step, select] = useApp((state) => [state.selection.step, state.select]);
  const [playing, setPlaying] = useState(false);
  const toggle = () => setPlaying((now) => !now);
  useShortcut({ keys: 'p', does: 'Play or pause the steps', where: 'Heatmaps' }, toggle);
  useShortcut({ keys: '[', does: 'Previous step', where: 'Heatmaps' }, () => select({ step: step - 1 }));
  useShortcut({ keys: ']', does: 'Next step', where: 'Heatmaps' }, () => select({ step: step + 1 }));
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => select({ step: (step + 1) % steps }), 1000 / STEPS_PER_SECOND);
    return () => clearInterval(timer);
  }, [playing, step, steps, select]);
  return (
    <div className={styles.player}>
      <IconButton
        label={playing ? 'Pause' : 'Play the steps'}
        keys="P"
        icon={playing ? <Pause /> : <Play />}
        onClick={toggle}
      />
      <Slider
        label="Denoising step"
        value={step}
        min={0}
        max={steps - 1}
        valueText={`step ${step} of ${steps}`}
        onChange={(next) => select({ step: next })}
      />
      <span className={styles.step}>
        step {step} <span>of {steps}</span>
      </span>
    </div>
  );
}
