import { Check, ChevronDown, Play } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useState } from 'react';
import { Button } from '../../design/button.tsx';
import menu from '../../design/menu.module.css';
import { notifyError } from '../../design/notify.ts';
import { showKeys, useShortcut } from '../../shortcuts/shortcuts.ts';
import { useApp, useAppStore } from '../../state/app-context.tsx';
import styles from './generate-button.module.css';
import { GENERATE_MODES, type GenerateMode, generationRequest, type Misfit } from './generation-request.ts';
import { MisfitDialog } from './misfit-dialog.tsx';
import { planInUse } from './plan-in-use.ts';

const MODES: Record<GenerateMode, string> = {
  compare: 'Original and compressed, compared',
  compressed: 'Compressed only',
  full: 'Full attention only',
};

/** Makes the pictures of the top bar, under the plan in use. */
export function GenerateButton() {
  const store = useAppStore();
  const [misfits, setMisfits] = useState<readonly Misfit[]>([]);
  const [ready, plan, remembered, setLayout] = useApp((state) => [
    state.model !== null && state.settings !== null && state.connection === 'open',
    planInUse(state)?.says ?? null,
    state.layout('generate.mode', 'compare' as string),
    state.setLayout,
  ]);
  const mode = GENERATE_MODES.find((known) => known === remembered) ?? 'compare';

  // Without a plan there is something better to do first.
  const look = plan !== null ? 'primary' : 'plain';

  const generate = async (wanted: GenerateMode, asked = false) => {
    const generation = generationRequest(store.getState(), wanted);
    if (generation === null) return;
    if (!asked && generation.misfits.length > 0) return setMisfits(generation.misfits);
    setMisfits([]);
    try {
      await store.getState().startJob(generation.job);
    } catch (error) {
      notifyError('The pictures could not be started', error);
    }
  };
  const useSteps = (steps: number) => {
    const sampling = store.getState().currentSampling();
    if (sampling !== null) store.getState().changeSettings({ sampling: { ...sampling, steps } });
    void generate(mode, true);
  };
  useShortcut({ keys: 'mod+enter', does: 'Generate', where: 'Jobs' }, () => void generate(mode), ready);

  return (
    <div className={styles.split}>
      <Button
        look={look}
        icon={<Play />}
        disabled={!ready}
        className={styles.main ?? ''}
        title={`${plan === null ? MODES.full : `${MODES[mode]}. ${plan}`} (${showKeys('mod+enter')})`}
        onClick={() => generate(mode)}
      >
        Generate
      </Button>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger asChild>
          <Button look={look} className={styles.more ?? ''} aria-label="What to generate" icon={<ChevronDown />} />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className={menu.menu} align="end" sideOffset={4} collisionPadding={8}>
            <DropdownMenu.Label className={menu.heading}>
              {plan ?? 'No plan is open: full attention'}
            </DropdownMenu.Label>
            <DropdownMenu.RadioGroup
              value={plan === null ? 'full' : mode}
              onValueChange={(next) => setLayout('generate.mode', next)}
            >
              {GENERATE_MODES.map((name) => (
                <DropdownMenu.RadioItem
                  key={name}
                  value={name}
                  className={menu.item}
                  disabled={plan === null && name !== 'full'}
                >
                  {MODES[name]}
                  <kbd>
                    <DropdownMenu.ItemIndicator>
                      <Check aria-hidden />
                    </DropdownMenu.ItemIndicator>
                  </kbd>
                </DropdownMenu.RadioItem>
              ))}
            </DropdownMenu.RadioGroup>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      {misfits.length > 0 && (
        <MisfitDialog
          misfits={misfits}
          onUseSteps={useSteps}
          onFullAttention={() => generate('full')}
          onClose={() => setMisfits([])}
        />
      )}
    </div>
  );
}
