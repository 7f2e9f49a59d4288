import { Check, ChevronDown, FolderPlus, Info, Trash2, TriangleAlert } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useState } from 'react';
import type { ModelSummary } from '../../../electron/contract.ts';
import menu from '../../design/menu.module.css';
import { describeError, notifyDone, notifyError } from '../../design/notify.ts';
import { useApp, useAppStore, useWorkbench } from '../../state/app-context.tsx';
import { AddModelDialog } from './add-model-dialog.tsx';
import { ModelDetailsDialog } from './model-details-dialog.tsx';
import styles from './model-picker.module.css';

/** The checkpoint to work on: the demo, or folders that the user added. */
export function ModelPicker() {
  const store = useAppStore();
  const workbench = useWorkbench();
  const [adding, setAdding] = useState(false);
  const [showing, setShowing] = useState(false);
  const [models, chosen, opening, error, chooseModel] = useApp((state) => [
    state.models,
    state.settings?.model ?? null,
    state.model === null && state.modelError === null,
    state.modelError,
    state.chooseModel,
  ]);
  const current = models.find((model) => (chosen === null ? model.isDemo : model.id === chosen));
  const name = current?.name ?? 'Model';

  const forget = async () => {
    if (current === undefined || current.isDemo) return;
    try {
      await workbench.request('models.remove', { model: current.id });
      await chooseModel(null);
      const undo = () => void workbench.request('models.add', { folder: current.folder }).catch(notAdded);
      notifyDone(`${current.name} was taken off the list; its files stay`, { label: 'Undo', onClick: undo });
    } catch (cause) {
      notifyError('The model could not be taken off the list', cause);
    }
  };
  const added = async (model: ModelSummary) => {
    setAdding(false);
    await store.getState().loadModels();
    await chooseModel(model.id);
  };
  return (
    <>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger
          className={styles.trigger}
          aria-label={`Model: ${name}`}
          title={error ? describeError(error).message : current?.folder}
        >
          {error !== null && <TriangleAlert size={15} className={styles.problem} aria-label="cannot be opened" />}
          <span className={styles.name}>{name}</span>
          {opening && models.length > 0 && <span className={styles.opening}>opening…</span>}
          <ChevronDown size={14} aria-hidden />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className={menu.menu} align="start" sideOffset={4} collisionPadding={8}>
            <DropdownMenu.RadioGroup
              value={current?.id ?? ''}
              onValueChange={(id) => void chooseModel(models.find((model) => model.id === id)?.isDemo ? null : id)}
            >
              {models.map((model) => (
                <ModelItem key={model.id} model={model} />
              ))}
            </DropdownMenu.RadioGroup>
            <DropdownMenu.Separator className={menu.separator} />
            <DropdownMenu.Item className={menu.item} onSelect={() => setAdding(true)}>
              <FolderPlus aria-hidden /> Add a checkpoint folder…
            </DropdownMenu.Item>
            {current && (
              <DropdownMenu.Item className={menu.item} onSelect={() => setShowing(true)}>
                <Info aria-hidden /> About {current.name}…
              </DropdownMenu.Item>
            )}
            {current && !current.isDemo && (
              <DropdownMenu.Item className={menu.item} onSelect={forget}>
                <Trash2 aria-hidden /> Take {current.name} off the list
              </DropdownMenu.Item>
            )}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      {showing && current && (
        <ModelDetailsDialog name={current.name} model={chosen} onClose={() => setShowing(false)} />
      )}
      {adding && <AddModelDialog onClose={() => setAdding(false)} onAdded={added} />}
    </>
  );
}

function ModelItem({ model }: { readonly model: ModelSummary }) {
  return (
    <DropdownMenu.RadioItem value={model.id} className={menu.item} title={model.folder}>
      <span className={styles.model}>
        {model.name}
        <small className={model.problem ? styles.problem : ''}>
          {model.problem ?? (model.isDemo ? 'ships with Arrowhead' : model.folder)}
        </small>
      </span>
      <kbd>
        <DropdownMenu.ItemIndicator>
          <Check aria-hidden />
        </DropdownMenu.ItemIndicator>
      </kbd>
    </DropdownMenu.RadioItem>
  );
}

function notAdded(cause: unknown): void {
  notifyError('The model could not be added again', cause);
}
