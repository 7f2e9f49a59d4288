import type { RunSummary, Workbench } from '../../../electron/contract.ts';
import { notifyDone, notifyError } from '../../design/notify.ts';
import { saveFile } from '../../files/save-file.ts';
import type { AppStore } from '../../state/app-state.ts';
import { samplesToMake } from '../../state/negative-prompt.ts';

/** Moves a run to the library's trash, with a way back. */
export async function deleteRun(workbench: Workbench, run: Pick<RunSummary, 'id' | 'name'>): Promise<void> {
  const restore = async () => {
    try {
      await workbench.request('runs.restore', { run: run.id });
    } catch (error) {
      notifyError(`“${run.name}” could not be restored`, error);
    }
  };
  try {
    await workbench.request('runs.delete', { run: run.id });
    notifyDone(`“${run.name}” is in the trash`, { label: 'Undo', onClick: () => void restore() });
  } catch (error) {
    notifyError(`“${run.name}” could not be deleted`, error);
  }
}

export async function revealRun(workbench: Workbench, run: Pick<RunSummary, 'id'>): Promise<void> {
  try {
    await workbench.request('runs.reveal', { run: run.id });
  } catch (error) {
    notifyError('The folder could not be shown', error);
  }
}

export async function exportTable(workbench: Workbench, run: Pick<RunSummary, 'id'>): Promise<void> {
  try {
    saveFile(await workbench.request('runs.exportTable', { run: run.id }));
  } catch (error) {
    notifyError('The RSE table could not be exported', error);
  }
}

export async function exportScheme(workbench: Workbench, run: string, scheme: string): Promise<void> {
  try {
    saveFile(await workbench.request('schemes.export', { plan: { kind: 'scheme', run, scheme } }));
  } catch (error) {
    notifyError('The scheme could not be exported', error);
  }
}

/** Goes on with a calibration that did not end. */
export async function resumeRun(store: AppStore, run: Pick<RunSummary, 'id' | 'name'>): Promise<void> {
  try {
    await store.getState().startJob({ kind: 'resume', run: run.id });
  } catch (error) {
    notifyError(`“${run.name}” could not go on`, error);
  }
}

/** The pictures of the top bar under a scheme and with full attention; a scheme that does not fit is the job's error. */
export async function generateUnder(store: AppStore, run: string, scheme: string): Promise<void> {
  const { settings, model, currentSampling, startJob } = store.getState();
  const sampling = currentSampling();
  try {
    if (settings === null || sampling === null) throw new Error('No model is open. Choose one in the top bar.');
    await startJob({
      kind: 'generate',
      model: settings.model,
      samples: samplesToMake(settings, model, sampling),
      sampling,
      plan: { kind: 'scheme', run, scheme },
      compare: true,
    });
  } catch (error) {
    notifyError('The pictures could not be started', error);
  }
}
