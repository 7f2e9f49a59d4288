import { useEffect, useState } from 'react';
import type { CheckpointReport } from '../../../electron/contract.ts';
import { formatBytes } from '../../design/format.ts';
import { Modal } from '../../design/modal.tsx';
import { describeError } from '../../design/notify.ts';
import { useWorkbench } from '../../state/app-context.tsx';
import styles from './model-details-dialog.module.css';

interface ModelDetailsDialogProps {
  readonly name: string;
  /** null: the demo. */
  readonly model: string | null;
  readonly onClose: () => void;
}

/** What a checkpoint folder holds, what memory it takes where, and what is missing. */
export function ModelDetailsDialog({ name, model, onClose }: ModelDetailsDialogProps) {
  const workbench = useWorkbench();
  const [report, setReport] = useState<CheckpointReport | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let current = true;
    workbench.request('models.inspect', { model }).then(
      (found) => current && setReport(found),
      (error) => current && setProblem(describeError(error).message),
    );
    return () => {
      current = false;
    };
  }, [workbench, model]);
  return (
    <Modal open onClose={onClose} title={name} wide>
      {problem !== null && <p role="alert">{problem}</p>}
      {report === null && problem === null && <p>Looking into the folder…</p>}
      {report !== null && <Report report={report} />}
    </Modal>
  );
}

function Report({ report }: { readonly report: CheckpointReport }) {
  const { folder, pipeline, notice, family, synthetic, transformer, parts, ignored, links, licence } = report;
  return (
    <div className={styles.report}>
      <dl className={styles.facts}>
        <dt>Folder</dt>
        <dd>{folder}</dd>
        <dt>Pipeline</dt>
        <dd>{family ? pipeline : `${pipeline}, which is not supported`}</dd>
        {notice !== null && (
          <>
            <dt>Note</dt>
            <dd>{notice}</dd>
          </>
        )}
        {transformer && (
          <>
            <dt>Attention</dt>
            <dd>
              {transformer.blocks} blocks, {transformer.heads} heads × {transformer.headDim}
            </dd>
            <dt>Transformer</dt>
            <dd>
              {sizeOf(transformer)}, {synthetic ? 'made from a seed' : Object.keys(transformer.dtypes).join(', ')}
            </dd>
            <dt>Its weights take</dt>
            <dd>
              {formatBytes(transformer.memory.cpu)} on the processor, {formatBytes(transformer.memory.cuda)} on a card,{' '}
              {formatBytes(transformer.memory.cudaFp8)} there in fp8
            </dd>
          </>
        )}
        {ignored.length > 0 && (
          <>
            <dt>Without effect</dt>
            <dd>{ignored.join(', ')} in model_index.json</dd>
          </>
        )}
        {links.length > 0 && (
          <>
            <dt>Links out of it</dt>
            {links.map(({ path, target }) => (
              <dd key={path}>
                {path} → {target}
              </dd>
            ))}
          </>
        )}
        <dt>Licence</dt>
        <dd>{licence ?? 'no file in the folder'}</dd>
      </dl>
      <table className={styles.parts}>
        <thead>
          <tr>
            <th>Part</th>
            <th>Class</th>
            <th>Size</th>
            <th>State</th>
          </tr>
        </thead>
        <tbody>
          {parts.map(({ name, className, bytes, problem }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{className ?? '–'}</td>
              <td>{bytes === null || synthetic ? '' : formatBytes(bytes)}</td>
              <td className={problem ? styles.problem : ''}>{problem ?? 'there'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function sizeOf({ parameters }: NonNullable<CheckpointReport['transformer']>): string {
  const [size, unit] = parameters >= 1e9 ? [1e9, 'billion'] : [1e6, 'million'];
  return `${(parameters / size).toPrecision(3)} ${unit} parameters`;
}
