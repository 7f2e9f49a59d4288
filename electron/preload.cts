// The window's only door to the main process. Sandboxed: it can load nothing but electron, so channel names are
// repeated from main/channels.ts (a test compares them).
const { contextBridge, ipcRenderer } = require('electron') as typeof import('electron');

const listenTo = (channel: string) => (listener: (message: unknown) => void) => {
  const onMessage = (_event: unknown, message: unknown) => listener(message);
  ipcRenderer.on(channel, onMessage);
  return () => void ipcRenderer.off(channel, onMessage);
};

contextBridge.exposeInMainWorld('arrowhead', {
  request: (name: unknown, params: unknown) => ipcRenderer.invoke('workbench:request', name, params),
  subscribe: listenTo('workbench:event'),
  onCommand: listenTo('menu:command'),
  chooseFolder: () => ipcRenderer.invoke('dialog:choose-folder'),
});
