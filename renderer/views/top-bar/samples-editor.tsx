import { Dices, Plus, X } from 'lucide-react';
import { useId } from 'react';
import { LIMITS } from '../../../electron/contract/fields.ts';
import type { Sample } from '../../../electron/contract.ts';
import { Button, IconButton } from '../../design/button.tsx';
import field from '../../design/field.module.css';
import { NumberField } from '../../design/number-field.tsx';
import { useApp } from '../../state/app-context.tsx';
import { takesNegativePrompt } from '../../state/negative-prompt.ts';
import { NegativePromptField } from './negative-prompt-field.tsx';
import styles from './samples-editor.module.css';
import { ShippedPrompts } from './shipped-prompts.tsx';

/** The contract's bound on the pictures of one job. */
const MOST = 64;
const LARGEST_SEED = 2 ** 32 - 1;

interface SamplesEditorProps {
  readonly samples: readonly Sample[];
  /** Per sample; null where there is nothing to say. */
  readonly notices: readonly (string | null)[];
  readonly onChange: (samples: Sample[]) => void;
}

export function SamplesEditor({ samples, notices, onChange }: SamplesEditorProps) {
  const shipped = useApp((state) => state.model?.prompts?.evaluation ?? null);
  const [negatives, negativePrompt, changeSettings] = useApp((state) => [
    takesNegativePrompt(state.model, state.currentSampling()),
    state.settings?.negativePrompt ?? '',
    state.changeSettings,
  ]);
  const change = (at: number, changes: Partial<Sample>) =>
    onChange(samples.map((sample, i) => (i === at ? { ...sample, ...changes } : sample)));
  const add = (prompt: string) => onChange([...samples, { prompt, seed: samples.at(-1)?.seed ?? 0 }]);
  const full = samples.length >= MOST;
  return (
    <div className={styles.editor}>
      <ol className={styles.rows}>
        {samples.map((sample, i) => (
          <SampleRow
            // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place; equal prompts are allowed
            key={i}
            number={i + 1}
            sample={sample}
            notice={notices[i] ?? null}
            onChange={(changes) => change(i, changes)}
            onRemove={samples.length > 1 ? () => onChange(samples.filter((_, other) => other !== i)) : null}
          />
        ))}
      </ol>
      {negatives && (
        <NegativePromptField value={negativePrompt} onChange={(text) => changeSettings({ negativePrompt: text })} />
      )}
      <div className={styles.actions}>
        <Button icon={<Plus />} disabled={full} onClick={() => add('')}>
          Add a prompt
        </Button>
        {shipped !== null && <ShippedPrompts prompts={shipped} disabled={full} onAdd={add} />}
        {full && <span className={styles.note}>At most {MOST} pictures in a job</span>}
      </div>
    </div>
  );
}

interface SampleRowProps {
  readonly number: number;
  readonly sample: Sample;
  readonly notice: string | null;
  readonly onChange: (changes: Partial<Sample>) => void;
  /** null for the last one left. */
  readonly onRemove: (() => void) | null;
}

function SampleRow({ number, sample, notice, onChange, onRemove }: SampleRowProps) {
  const id = useId();
  return (
    <li className={styles.row}>
      <div className={styles.prompt}>
        <span className={field.box}>
          <textarea
            rows={2}
            aria-label={`Prompt ${number}`}
            aria-describedby={notice ? id : undefined}
            placeholder="What the picture shows"
            maxLength={LIMITS.promptCharacters}
            value={sample.prompt}
            onChange={(event) => onChange({ prompt: event.target.value })}
          />
        </span>
        {notice && (
          <span id={id} className={styles.notice}>
            {notice}
          </span>
        )}
      </div>
      <div className={styles.seed}>
        <NumberField
          label={`Seed ${number}`}
          hideLabel
          integer
          value={sample.seed}
          min={0}
          max={LARGEST_SEED}
          onChange={(seed) => onChange({ seed })}
        />
      </div>
      <IconButton
        label={`Another seed for prompt ${number}`}
        icon={<Dices />}
        onClick={() => onChange({ seed: Math.floor(Math.random() * 100_000) })}
      />
      <IconButton
        label={`Remove prompt ${number}`}
        icon={<X />}
        disabled={onRemove === null}
        onClick={() => onRemove?.()}
      />
    </li>
  );
}
