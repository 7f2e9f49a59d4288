import { Modal } from '../design/modal.tsx';
import { useApp } from '../state/app-context.tsx';
import { LogPlace } from './log-place.tsx';
import { showKeys, useShortcut, useShortcuts } from './shortcuts.ts';
import styles from './shortcuts-dialog.module.css';

/** Every shortcut of what is on the screen now; opened by `?`. */
export function ShortcutsDialog() {
  const [dialog, showDialog] = useApp((state) => [state.dialog, state.showDialog]);
  useShortcut({ keys: '?', does: 'Show these shortcuts', where: 'Everywhere' }, () => showDialog('shortcuts'));
  const shortcuts = useShortcuts();
  const places = Map.groupBy(shortcuts, ({ where }) => where);
  return (
    <Modal open={dialog === 'shortcuts'} onClose={() => showDialog(null)} title="Keyboard shortcuts" wide>
      <div className={styles.places}>
        {[...places].map(([where, ofPlace]) => (
          <section key={where}>
            <h3>{where}</h3>
            <dl>
              {ofPlace.map(({ keys, does }) => (
                <div key={keys + does}>
                  <dt>{does}</dt>
                  <dd>
                    <kbd>{showKeys(keys)}</kbd>
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <LogPlace />
    </Modal>
  );
}
