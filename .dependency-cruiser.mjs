// The house's one-way rule: a layer imports only from the layers listed beside it (ARCHITECTURE.md).
const MAY_IMPORT = {
  'native-kernels': [],
  mmdit: ['native-kernels'],
  calibration: ['mmdit'],
  electron: ['calibration', 'mmdit'],
};
const LAYERS = [...Object.keys(MAY_IMPORT), 'renderer', 'demo', 'test'];

const layerRules = Object.entries(MAY_IMPORT).map(([layer, allowed]) => ({
  name: `layer-${layer}`,
  comment: `${layer}/ may import only ${allowed.length > 0 ? allowed.join(', ') : 'no other layer'}`,
  severity: 'error',
  from: { path: `^${layer}/` },
  to: { path: `^(${LAYERS.filter((other) => other !== layer && !allowed.includes(other)).join('|')})/` },
}));

export default {
  forbidden: [
    ...layerRules,
    {
      name: 'layer-renderer',
      comment: 'renderer/ sees the rest only through electron/contract',
      severity: 'error',
      from: { path: '^renderer/' },
      to: { path: '^(native-kernels|mmdit|calibration|demo|test|electron)/', pathNot: '^electron/contract[./]' },
    },
    {
      name: 'one-addon-door',
      comment: 'only native-kernels/index.ts loads the addon; other layers import that file alone',
      severity: 'error',
      from: { pathNot: '^(native-kernels|test)/' },
      to: { path: '^native-kernels/', pathNot: '^native-kernels/index\\.ts$' },
    },
    {
      name: 'one-onnx-door',
      comment: 'only mmdit/onnx/onnx-runtime.ts loads ONNX Runtime: when it is needed, and with its telemetry off',
      severity: 'error',
      from: { pathNot: '^(mmdit/onnx/onnx-runtime\\.ts$|test/)' },
      to: { path: 'node_modules/onnxruntime-node/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'one-door-to-windows',
      comment:
        'ipcMain and webContents.send live in window-bridge.ts; nothing but main.ts and electron/main/ knows Electron',
      severity: 'error',
      from: { path: '^electron/', pathNot: '^electron/(main\\.ts$|main/|preload\\.cts$)' },
      to: { path: 'node_modules/electron/' },
    },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-dependencies',
      comment:
        'what ships must be listed under dependencies; the renderer is bundled, and Electron is the program itself',
      severity: 'error',
      from: { path: '^(native-kernels|mmdit|calibration|electron)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], pathNot: '@types/|node_modules/electron/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^native-kernels/build|\\.(css|svg)$|\\.d\\.ts$|vite\\.config\\.ts$' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
