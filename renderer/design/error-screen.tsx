import { TriangleAlert } from 'lucide-react';
import { Component, type ReactNode } from 'react';
import { Button } from './button.tsx';
import { EmptyState } from './empty-state.tsx';

interface ErrorScreenProps {
  readonly children: ReactNode;
}

/** A fault of the window itself: says so and offers a reload. Jobs and runs live on in the host. */
export class ErrorScreen extends Component<ErrorScreenProps, { error: unknown }> {
  override state = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <EmptyState
        icon={<TriangleAlert />}
        title="The window met a fault"
        action={
          <Button look="primary" onClick={() => location.reload()}>
            Reload the window
          </Button>
        }
      >
        <p>Jobs go on and nothing of your runs is lost.</p>
        <p>
          <code>{String(error)}</code>
        </p>
      </EmptyState>
    );
  }
}
