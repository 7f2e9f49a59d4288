import { FileInput } from 'lucide-react';
import { type ChangeEvent, useRef } from 'react';
import { IconButton } from '../../design/button.tsx';
import { useApp, useWorkbench } from '../../state/app-context.tsx';
import { IMPORTABLE, importFiles } from './import-files.ts';

export function ImportButton() {
  const workbench = useWorkbench();
  const showRun = useApp((state) => state.showRun);
  const input = useRef<HTMLInputElement>(null);
  const onChange = async ({ target }: ChangeEvent<HTMLInputElement>) => {
    const run = await importFiles(workbench, [...(target.files ?? [])]);
    // The same file can be chosen again.
    target.value = '';
    if (run !== null) await showRun(run);
  };
  return (
    <>
      <IconButton label="Import schemes or RSE tables" icon={<FileInput />} onClick={() => input.current?.click()} />
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept={IMPORTABLE}
        aria-label="Schemes or RSE tables to import"
        onChange={onChange}
      />
    </>
  );
}
