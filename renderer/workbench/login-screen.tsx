import { KeyRound } from 'lucide-react';
import { EmptyState } from '../design/empty-state.tsx';

/** In place of the window where the server does not accept this tab. */
export function LoginScreen() {
  return (
    <EmptyState icon={<KeyRound />} title="Open the printed address">
      <p>
        <code>arrowhead serve</code> printed an address with a token when it started. Open that one: a new tab does not
        know the token, and after a restart it is a new one.
      </p>
    </EmptyState>
  );
}
