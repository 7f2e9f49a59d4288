import { BadgeCheck, ShieldCheck } from 'lucide-react';
import { useMemo } from 'react';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { formatPercent } from '../../design/format.ts';
import { notifyError, notifyNotice } from '../../design/notify.ts';
import { useApp, useAppStore } from '../../state/app-context.tsx';
import { changedShare } from './changed-share.ts';
import { confirmRequest } from './confirm-request.ts';
import styles from './plan-state.module.css';

const PREVIEW = 'Solved anew from the table: later measurements have not seen these choices. Confirm runs the search.';

/** How far the preview is from what the search chose. */
function Difference() {
  const [searched, plan] = useApp((state) => [state.calibration?.plan ?? null, state.solved?.plan ?? null]);
  const share = useMemo(() => (searched && plan ? changedShare(searched, plan) : null), [searched, plan]);
  const says = share === null ? 'unconfirmed' : `${formatPercent(share)} differ`;
  const title = share === null ? PREVIEW : `Of all heads, ${says} from what the search chose. ${PREVIEW}`;
  return (
    <span className={styles.says} title={title}>
      {says}
    </span>
  );
}

/** Whether the plan is the search's own or a preview, and the way from one to the other. */
export function PlanState() {
  const store = useAppStore();
  const [mode, searchable, anyCandidate, pins] = useApp((state) => [
    state.solved?.mode ?? null,
    state.calibration?.search !== null,
    (state.tuning?.candidates.length ?? 0) > 0,
    state.tuning?.pins.length ?? 0,
  ]);
  if (mode === null) return null;
  if (mode === 'progressive')
    return (
      <div className={styles.state}>
        <Badge tone="success">
          <BadgeCheck size={13} aria-hidden /> Exact
        </Badge>
        <span className={styles.says}>searched at this</span>
      </div>
    );

  const confirm = async () => {
    const job = confirmRequest(store.getState());
    if (job === null) return;
    try {
      await store.getState().startJob(job);
      if (pins > 0) notifyNotice('The search runs without your pins', 'It chooses a method for every head by itself.');
    } catch (error) {
      notifyError('The search could not be started', error);
    }
  };
  const obstacle = !searchable
    ? 'This table came without its search: nothing says how to run it again'
    : anyCandidate
      ? null
      : 'Choose a candidate first';
  return (
    <div className={styles.state}>
      <Badge tone="warning">Preview</Badge>
      <Difference />
      <Button
        icon={<ShieldCheck />}
        disabled={obstacle !== null}
        title={obstacle ?? 'Run the progressive search at these values: later steps then see what earlier ones chose'}
        onClick={confirm}
      >
        Confirm
      </Button>
    </div>
  );
}
