export function explainExit(stderr: string, electronFolder: string): string[];
