export function emitMain(root: string, target: string): Promise<void>;
export function stageDesktop(root: string): Promise<string>;
