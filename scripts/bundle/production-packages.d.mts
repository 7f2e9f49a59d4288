export function productionPackages(root: string): string[];
