import './design/tokens.css';
import { Tooltip } from 'radix-ui';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { ErrorScreen } from './design/error-screen.tsx';
import { notifyError } from './design/notify.ts';
import { AppProvider } from './state/app-context.tsx';
import { createAppStore } from './state/app-state.ts';
import { followEvents } from './state/follow-events.ts';
import { connectWorkbench } from './workbench/connect.ts';
import { reportProblems } from './workbench/report-problems.ts';

const connection = connectWorkbench();
reportProblems(connection.workbench);
const store = createAppStore(connection.workbench);
followEvents(connection.workbench, store);
connection.onStatus(async (status) => {
  store.getState().setConnection(status);
  if (status !== 'open') return;
  try {
    await store.getState().loadEverything();
  } catch (error) {
    notifyError('The workbench could not be loaded', error);
  }
});

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <ErrorScreen>
      <AppProvider app={{ store, workbench: connection.workbench }}>
        <Tooltip.Provider delayDuration={400}>
          <App />
        </Tooltip.Provider>
      </AppProvider>
    </ErrorScreen>
  </StrictMode>,
);
