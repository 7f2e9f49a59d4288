import { FileDown } from 'lucide-react';
import { useEffect, useState } from 'react';
import { notifyNotice } from '../../design/notify.ts';
import { useApp, useWorkbench } from '../../state/app-context.tsx';
import { droppedFiles } from './dropped-files.ts';
import styles from './file-drop.module.css';
import { importFiles } from './import-files.ts';

/** Schemes, RSE tables and folders of runs dropped anywhere in the window are imported and shown. */
export function FileDrop() {
  const workbench = useWorkbench();
  const showRun = useApp((state) => state.showRun);
  const [over, setOver] = useState(false);
  useEffect(() => {
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const onDragOver = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      // Otherwise the window would go to the file.
      event.preventDefault();
      setOver(true);
    };
    const onDragLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = async (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(false);
      const { items = [], files = [] } = event.dataTransfer ?? {};
      const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
      const dropped = entries.length > 0 ? await droppedFiles(entries) : [...files];
      if (dropped.length === 0)
        notifyNotice('Nothing to import', 'A run’s folder holds rse.safetensors or *.scheme.json.');
      const run = await importFiles(workbench, dropped);
      if (run !== null) await showRun(run);
    };
    addEventListener('dragover', onDragOver);
    addEventListener('dragleave', onDragLeave);
    addEventListener('drop', onDrop);
    return () => {
      removeEventListener('dragover', onDragOver);
      removeEventListener('dragleave', onDragLeave);
      removeEventListener('drop', onDrop);
    };
  }, [workbench, showRun]);
  if (!over) return null;
  return (
    <div className={styles.drop} aria-hidden>
      <div className={styles.card}>
        <FileDown />
        Drop a scheme (*.scheme.json), an RSE table (rse.safetensors) or a run’s folder
      </div>
    </div>
  );
}
