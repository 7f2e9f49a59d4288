import { TriangleAlert } from 'lucide-react';
import { type KeyboardEvent, useState } from 'react';
import { Popover } from '../../design/popover.tsx';
import { matches, useShortcut } from '../../shortcuts/shortcuts.ts';
import { useApp } from '../../state/app-context.tsx';
import { takesNegativePrompt } from '../../state/negative-prompt.ts';
import { SamplesEditor } from './samples-editor.tsx';
import styles from './samples-field.module.css';
import { usePromptNotices } from './use-prompt-notices.ts';

const NO_SAMPLES: never[] = [];

/** The pictures to make: prompts with their seeds, edited in a popover. */
export function SamplesField() {
  const [open, setOpen] = useState(false);
  const [samples, negativePrompt, changeSettings] = useApp((state) => [
    state.settings?.samples ?? NO_SAMPLES,
    takesNegativePrompt(state.model, state.currentSampling()) ? (state.settings?.negativePrompt.trim() ?? '') : '',
    state.changeSettings,
  ]);
  const notices = usePromptNotices(samples.map(({ prompt }) => prompt));
  useShortcut({ keys: 'e', does: 'Edit the prompts', where: 'Jobs' }, () => setOpen(true));
  const [first] = samples;
  if (first === undefined) return <div className={styles.field} />;

  const noticed = notices.filter((notice) => notice !== null);
  const closeOnGenerate = (event: KeyboardEvent) => {
    if (matches(event, 'mod+enter')) setOpen(false);
  };
  const trigger = (
    <button type="button" className={styles.field}>
      <span className="visually-hidden">Prompts:</span>
      <span className={styles.prompt}>{first.prompt || <em>No prompt</em>}</span>
      {negativePrompt !== '' && (
        <span className={styles.negative} title={`Negative prompt: ${negativePrompt}`}>
          without {negativePrompt}
        </span>
      )}
      {samples.length > 1 && (
        <span className={styles.more}>
          +{samples.length - 1}
          <span className="visually-hidden"> more</span>
        </span>
      )}
      {noticed.length > 0 && (
        <span className={styles.notice} title={noticed.join(' ')}>
          <TriangleAlert size={15} aria-label="Some words have no effect" />
        </span>
      )}
      <span className={styles.seed}>seed {first.seed}</span>
    </button>
  );
  return (
    <Popover open={open} onOpenChange={setOpen} label="Prompts" trigger={trigger} matchTrigger>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: hears a shortcut of the fields within */}
      <div onKeyDown={closeOnGenerate}>
        <SamplesEditor samples={samples} notices={notices} onChange={(next) => changeSettings({ samples: next })} />
      </div>
    </Popover>
  );
}
