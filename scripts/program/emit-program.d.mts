export function emitCommandLine(root: string, target: string): Promise<void>;
export function emitDesktop(root: string, target: string): Promise<void>;
