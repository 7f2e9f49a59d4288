export const BUNDLE: string;
export function programFiles(root: string, options: { demo: boolean }): Map<string, string>;
export function onnxRuntimeFiles(root: string): Map<string, string>;
