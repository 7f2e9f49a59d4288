export function stageDesktop(root: string, target?: string): Promise<string>;
