export function ensureRenderer(root: string, say: (line: string) => void): Promise<void>;
