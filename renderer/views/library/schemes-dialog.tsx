import { Download, GitCompare, Play } from 'lucide-react';
import type { RunSummary } from '../../../electron/contract.ts';
import { Badge } from '../../design/badge.tsx';
import { Button, IconButton } from '../../design/button.tsx';
import { formatNumber, formatPercent } from '../../design/format.ts';
import { Modal } from '../../design/modal.tsx';
import { useAppStore, useWorkbench } from '../../state/app-context.tsx';
import { exportScheme, generateUnder } from './run-actions.ts';
import styles from './schemes-dialog.module.css';
import { useRunSchemes } from './use-run-schemes.ts';

interface SchemesDialogProps {
  readonly run: RunSummary;
  readonly onClose: () => void;
  readonly onCompare: (scheme: string) => void;
}

/** The scheme files of a run: to make pictures under, to export, to compare. */
export function SchemesDialog({ run, onClose, onCompare }: SchemesDialogProps) {
  const workbench = useWorkbench();
  const store = useAppStore();
  const generate = (file: string) => {
    void generateUnder(store, run.id, file);
    onClose();
  };
  const { schemes, problem, loaded } = useRunSchemes(run.id);
  return (
    <Modal open onClose={onClose} title={`Schemes of ${run.name}`} wide>
      {problem && <p role="alert">{problem}</p>}
      {loaded && schemes.length === 0 && problem === null && (
        <p>None yet. Open the run, move the sliders and press Save scheme.</p>
      )}
      <table hidden={schemes.length === 0} className={styles.schemes}>
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col">δ</th>
            <th scope="col">c</th>
            <th scope="col">Sparsity</th>
            <th scope="col">Found by</th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {schemes.map(({ file, delta, headConstraint, threshold, sparsity, mode }) => (
            <tr key={file}>
              <th scope="row">{file}</th>
              {threshold === undefined ? (
                <>
                  <td>{formatNumber(delta)}</td>
                  <td>{headConstraint === null ? 'none' : formatNumber(headConstraint)}</td>
                </>
              ) : (
                <td colSpan={2}>threshold {formatNumber(threshold)}</td>
              )}
              <td>{formatPercent(sparsity)}</td>
              <td>
                {mode === 'progressive' ? <Badge tone="success">search</Badge> : <Badge tone="warning">preview</Badge>}
              </td>
              <td>
                <IconButton label={`Generate under ${file}`} icon={<Play />} onClick={() => generate(file)} />
                <IconButton
                  label={`Export ${file}`}
                  icon={<Download />}
                  onClick={() => exportScheme(workbench, run.id, file)}
                />
                <Button look="quiet" icon={<GitCompare />} onClick={() => onCompare(file)}>
                  Compare
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
  );
}
