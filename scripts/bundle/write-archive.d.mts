export interface ArchiveRequest {
  readonly parent: string;
  readonly name: string;
  readonly file: string;
  readonly level: number;
  readonly most?: number;
}
export function writeArchive(request: ArchiveRequest): Promise<number>;
export function inMiB(bytes: number): string;
