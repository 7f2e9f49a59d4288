export const PROGRAM_FILES: readonly string[];
export const KERNELS: string;
export const DEMO_CHECKPOINT: string;
export function isRunTimeFile(file: string): boolean;
