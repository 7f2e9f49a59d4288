export function stageDesktop(root: string): Promise<string>;
